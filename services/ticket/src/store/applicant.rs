//! The column `appeal.applicant`: what the applicant said of themselves, as one sealed JSON value. One value and not ten columns: it is
//! only ever read whole, and each sealed value costs a key derivation.

use std::borrow::Cow;

use jiff::civil::Date;
use sealed::{Personal, Zeroizing};
use serde::{Deserialize, Serialize};
use store::Error;

use crate::domain::{
    AccountNumber, Applicant, ApplicantGroup, BirthDate, CallTime, Inn, Passport, PersonName, PreferredAnswer, Snils,
};
use crate::store::{corrupt, event::unfit};

/// The JSON. Fields only ever get added, as rows live for years.
#[derive(Serialize, Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    full_name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account_number: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    snils: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    inn: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    passport_series: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    passport_number: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passport_issue_date: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birth_date: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preferred_answer: Option<PreferredAnswer>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    call_time: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    group: Option<Cow<'a, str>>,
}

/// The JSON of an applicant, to be sealed.
pub(super) fn write(applicant: &Applicant) -> Result<Zeroizing<Vec<u8>>, Error> {
    let passport = applicant.passport.as_ref();
    let form = Form {
        full_name: applicant.full_name.expose().into(),
        account_number: applicant.account_number.as_ref().map(|number| number.expose().into()),
        snils: applicant.snils.as_ref().map(|number| number.expose().into()),
        inn: applicant.inn.as_ref().map(|number| number.expose().into()),
        passport_series: passport.map(|passport| passport.series().into()),
        passport_number: passport.map(|passport| passport.number().into()),
        passport_issue_date: passport.and_then(Passport::issue_date),
        birth_date: applicant.birth_date.map(BirthDate::expose),
        preferred_answer: applicant.preferred_answer,
        call_time: applicant.call_time.as_ref().map(|time| time.expose().into()),
        group: applicant.group.as_ref().map(|group| group.expose().into()),
    };
    serde_json::to_vec(&form).map(Zeroizing::new).map_err(unfit)
}

/// The applicant of an opened JSON.
pub(super) fn read(json: &Personal) -> Result<Applicant, Error> {
    let wrong = || corrupt("appeal", "applicant");
    let form: Form<'_> = serde_json::from_str(json.expose()).map_err(|_| wrong())?;
    let passport = match (form.passport_series, form.passport_number) {
        (Some(series), Some(number)) => {
            Some(Passport::parse(&series, &number, form.passport_issue_date).map_err(|_| wrong())?)
        }
        (None, None) => None,
        _ => return Err(wrong()),
    };
    Ok(Applicant {
        full_name: PersonName::stored(Personal::from(&*form.full_name)),
        account_number: form.account_number.map(|number| AccountNumber::stored(Personal::from(&*number))),
        snils: form.snils.map(|number| Snils::stored(Personal::from(&*number))),
        inn: form.inn.map(|number| Inn::stored(Personal::from(&*number))),
        passport,
        birth_date: form.birth_date.map(BirthDate::stored),
        preferred_answer: form.preferred_answer,
        call_time: form.call_time.map(|time| CallTime::stored(Personal::from(&*time))),
        group: form.group.map(|group| ApplicantGroup::stored(Personal::from(&*group))),
    })
}
