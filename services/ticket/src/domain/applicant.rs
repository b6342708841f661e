//! The person behind an appeal (T3, T4). Everything here is personal and redacts itself in `Debug`.

use jiff::Timestamp;

use serde::{Deserialize, Serialize};

use super::kinds::ids;
use person::{AccountNumber, ApplicantGroup, BirthDate, CallTime, Email, Inn, Passport, PersonName, Phone, Snils};

ids! {
    /// How the answer is wished for.
    PreferredAnswer {
        /// A call.
        Phone = "phone",
        /// An e-mail.
        Email = "email",
        /// A text message.
        Sms = "sms",
        /// The portal account.
        Portal = "portal",
    }
}

/// Who files an appeal. The account they have at the portal is [`super::Appeal::citizen`], as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Family name, given name and patronymic.
    pub full_name: PersonName,
    /// Number of the personal account (личный кабинет).
    pub account_number: Option<AccountNumber>,
    /// Insurance number.
    pub snils: Option<Snils>,
    /// Taxpayer number.
    pub inn: Option<Inn>,
    /// Internal passport.
    pub passport: Option<Passport>,
    /// Date of birth.
    pub birth_date: Option<BirthDate>,
    /// How the answer is wished for.
    pub preferred_answer: Option<PreferredAnswer>,
    /// When to call, in their words.
    pub call_time: Option<CallTime>,
    /// The group of people with terms of their own that they are of.
    pub group: Option<ApplicantGroup>,
}

/// Where an applicant lives, as an ISO 3166-2 code: `RU-SA`. So large that it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Region(String);

impl Region {
    /// Reads a code.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(given: &str) -> Result<Self, &'static str> {
        let is_one = deadline::is_region(given);
        is_one.then(|| Self(given.to_owned())).ok_or("must be an ISO 3166-2 code, such as RU-SA")
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the applicant is reached about this appeal. Both are required by the form (T4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// As E.164.
    pub phone: Phone,
    /// E-mail address.
    pub email: Email,
}

/// Consent to the processing of personal data (T4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Version of the text that was agreed to.
    pub version: String,
    /// When; not after the appeal was registered.
    pub agree_time: Timestamp,
}
