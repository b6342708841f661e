//! A person with an account.

use jiff::Timestamp;
use person::{BirthDate, Email, Inn, Language, PersonName, Phone, Snils, Zone};
use sealed::Personal;
use uuid::Uuid;

use super::Method;

/// A citizen as registered. Personal values redact themselves in `Debug`.
#[derive(Clone, Debug, PartialEq)]
pub struct Citizen {
    /// The UUID of `citizens/{citizen}`.
    pub id: Uuid,
    /// As the person writes it.
    pub full_name: PersonName,
    /// Mobile phone; codes by SMS go there.
    pub phone: Option<Phone>,
    /// Codes by e-mail go there.
    pub email: Option<Email>,
    /// Insurance number.
    pub snils: Option<Snils>,
    /// Taxpayer number.
    pub inn: Option<Inn>,
    /// Date of birth.
    pub birth_date: Option<BirthDate>,
    /// The language to write in.
    pub language: Language,
    /// Where times are read.
    pub zone: Zone,
    /// Grows with each change.
    pub revision: i64,
    /// When it was registered.
    pub create_time: Timestamp,
    /// When it was last changed.
    pub update_time: Timestamp,
}

// === impl Citizen ===

impl Citizen {
    /// The address that a method's code goes to.
    pub fn address(&self, method: Method) -> Option<&Personal> {
        match method {
            Method::SmsCode => self.phone.as_ref().map(Phone::personal),
            Method::EmailCode => self.email.as_ref().map(Email::personal),
        }
    }
}
