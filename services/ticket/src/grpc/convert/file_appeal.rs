//! The form of an appeal (T1, T3, T4).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proto::ticket::v1::{self as wire, ErrorReason};
use rpc::{Caller, Refusal, reasons};
use uuid::Uuid;

use super::form::Form;
use super::refusal::not_yours;
use super::{kinds, names};
use crate::domain::{
    AccountNumber, Applicant, ApplicantGroup, BirthDate, CallTime, Catalogue, Category, Consent, Contact, Email,
    FileAppeal, Inn, Language, Papers, Passport, PersonName, Phone, Region, Snils, Text, Zone,
};

/// Clocks of callers go wrong by seconds, and a consent given "in the future" by them is still one. It is kept as given now.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// 27 July 2006, 0:00 in Moscow: the day of the law that consent is given under (152-FZ). An earlier one is a caller's mistake, such as a
/// time left at zero, and no consent.
const FIRST_CONSENT: Timestamp = Timestamp::constant(1_153_944_000, 0);
/// Longest version of a text of consent.
const VERSION_MAX: usize = 64;
/// A version is kept in clear, so no phone number (10 digits and more), document number or address fits into it. `2026-01-15.2` does.
const VERSION_DIGITS_MAX: usize = 9;

/// A request to file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// Only check the form.
    pub validate_only: bool,
    /// The appeal.
    pub filing: FileAppeal,
}

/// Reads the form. A citizen files for themselves; staff and systems for anybody, or for an applicant without an account.
///
/// # Errors
/// NOT_YOURS when a citizen names another; else INVALID_ARGUMENT with every fault, CATEGORY_UNKNOWN and CONSENT_REQUIRED among
/// their reasons.
pub fn file_appeal(
    request: &wire::FileAppealRequest,
    caller: &Caller,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Filing, Refusal> {
    let mut form = Form::new();
    let request_id = form.request_id(&request.request_id);
    let Some(appeal) = form.present("appeal", request.appeal.as_ref()) else { return form.finish(None) };

    let channel = form.required_choice("appeal.channel", appeal.channel, kinds::channel);
    let category = category(&mut form, &appeal.category, catalogue);
    let subject = form.required("appeal.subject", &appeal.subject, Text::line);
    let description = form.required("appeal.description", &appeal.description, Text::body);
    let language = form.rule("appeal.language_code", Language::parse(&appeal.language_code));
    let time_zone = form.rule("appeal.time_zone", Zone::parse(&appeal.time_zone));
    let contact = contact(&mut form, appeal.contact.as_ref());
    let consent = consent(&mut form, appeal.consent.as_ref(), now);
    let today = today(now);
    let (citizen, applicant, region) = match form.present("appeal.applicant", appeal.applicant.as_ref()) {
        Some(wire) => {
            let named = names::citizen(&mut form, "appeal.applicant.citizen", &wire.citizen);
            let region = form.optional("appeal.applicant.region", &wire.region, Region::parse);
            (named, applicant(&mut form, wire, today), region)
        }
        None => (None, None, None),
    };
    let citizen = match (caller.citizen(), citizen) {
        (Some(own), Some(Some(named))) if named != own => return Err(not_yours()),
        (Some(own), _) => Some(Some(own)),
        (None, named) => named,
    };
    let read = (|| {
        let papers = Papers {
            subject: subject?,
            description: description?,
            applicant: applicant?,
            contact: contact?,
            consent: consent?,
        };
        let filing = FileAppeal {
            citizen: citizen?,
            channel: channel?,
            category: category?,
            language: language?,
            time_zone: time_zone?,
            region: region?,
            papers,
        };
        Some(Filing { request_id: request_id?, validate_only: request.validate_only, filing })
    })();
    form.finish(read)
}

fn category(form: &mut Form, id: &str, catalogue: &Catalogue) -> Option<Category> {
    const PATH: &str = "appeal.category";
    if id.is_empty() {
        form.missing(PATH);
        return None;
    }
    let found = catalogue.find(id).cloned();
    if found.is_none() {
        form.fault(PATH, ErrorReason::CategoryUnknown, "the catalogue has no such category");
    }
    found
}

fn contact(form: &mut Form, contact: Option<&wire::AppealContact>) -> Option<Contact> {
    // Without the message both of its fields are missing, and the form says so of each.
    let (phone, email) = contact.map_or(("", ""), |contact| (&contact.phone, &contact.email));
    let phone = form.required("appeal.contact.phone", phone, Phone::parse);
    let email = form.required("appeal.contact.email", email, Email::parse);
    Some(Contact { phone: phone?, email: email? })
}

fn consent(form: &mut Form, consent: Option<&wire::Consent>, now: Timestamp) -> Option<Consent> {
    let mut needed = |path: &str, text| form.fault(path, ErrorReason::ConsentRequired, text);
    let Some(consent) = consent else {
        needed("appeal.consent", "consent to the processing of personal data is needed");
        return None;
    };
    if consent.version.trim().is_empty() {
        needed("appeal.consent.version", "say which text was agreed to");
    }
    if consent.agree_time.is_none() {
        needed("appeal.consent.agree_time", "say when it was agreed to");
    }
    let version = form.optional("appeal.consent.version", &consent.version, |version| {
        let version = version.trim();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let digits = version.bytes().filter(u8::is_ascii_digit).count();
        let fits = version.len() <= VERSION_MAX && version.bytes().all(plain) && digits <= VERSION_DIGITS_MAX;
        fits.then(|| version.to_owned()).ok_or("must be at most 64 letters, dots and hyphens and at most 9 digits")
    })?;
    let agree_time = form.time("appeal.consent.agree_time", consent.agree_time.as_ref())??;
    if agree_time > now.saturating_add(SKEW).unwrap_or(now) {
        form.fault("appeal.consent.agree_time", reasons::FIELD_INVALID, "must not be in the future");
        return None;
    }
    if agree_time < FIRST_CONSENT {
        form.fault("appeal.consent.agree_time", reasons::FIELD_INVALID, "must not be before the law that asks for it");
        return None;
    }
    Some(Consent { version: version?, agree_time: agree_time.min(now) })
}

fn applicant(form: &mut Form, wire: &wire::Applicant, today: Date) -> Option<Applicant> {
    let path = |field: &str| format!("appeal.applicant.{field}");
    let full_name = form.required(&path("full_name"), &wire.full_name, PersonName::parse);
    let account_number = form.optional(&path("account_number"), &wire.account_number, AccountNumber::parse);
    let snils = form.optional(&path("snils"), &wire.snils, Snils::parse);
    let inn = form.optional(&path("inn"), &wire.inn, Inn::parse);
    let passport = match &wire.passport {
        None => Some(None),
        Some(wire) => passport(form, wire, today).map(Some),
    };
    let birth_date = match &wire.birth_date {
        None => Some(None),
        Some(date) => {
            form.rule(&path("birth_date"), BirthDate::parse(date.year, date.month, date.day, today)).map(Some)
        }
    };
    let preferred_answer = form.choice(&path("preferred_answer"), wire.preferred_answer, kinds::preferred);
    let call_time = form.optional(&path("call_time"), &wire.call_time, CallTime::parse);
    let group = form.optional(&path("group"), &wire.group, ApplicantGroup::parse);
    Some(Applicant {
        full_name: full_name?,
        account_number: account_number?,
        snils: snils?,
        inn: inn?,
        passport: passport?,
        birth_date: birth_date?,
        preferred_answer: preferred_answer?,
        call_time: call_time?,
        group: group?,
    })
}

fn passport(form: &mut Form, wire: &wire::Passport, today: Date) -> Option<Passport> {
    let path = |field: &str| format!("appeal.applicant.passport.{field}");
    let series = form.required(&path("series"), &wire.series, Passport::parse_series);
    let number = form.required(&path("number"), &wire.number, Passport::parse_number);
    let issued = match &wire.issue_date {
        None => Some(None),
        Some(date) => {
            let parsed = Passport::parse_issue_date(date.year, date.month, date.day, today);
            form.rule(&path("issue_date"), parsed).map(Some)
        }
    };
    Passport::parse(series?.expose(), number?.expose(), issued?).ok()
}

/// The latest civil date that it is anywhere: nobody is told that their today is in the future.
fn today(now: Timestamp) -> Date {
    TimeZone::fixed(jiff::tz::offset(14)).to_datetime(now).date()
}
