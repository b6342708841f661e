//! Resource names, built and read in one place.

use uuid::Uuid;

/// Not the resource name that was expected; the text says which form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(pub &'static str);

/// Longest id of a member of staff.
const STAFF_ID_MAX: usize = 63;

/// `appeals/{uuid}`.
pub fn appeal_name(id: Uuid) -> String {
    format!("appeals/{id}")
}

/// `citizens/{uuid}`.
pub fn citizen_name(id: Uuid) -> String {
    format!("citizens/{id}")
}

/// `appeals/{uuid}/messages/{number}`.
pub fn message_name(appeal: Uuid, number: i64) -> String {
    format!("appeals/{appeal}/messages/{number}")
}

/// `appeals/{uuid}/events/{number}`.
pub fn event_name(appeal: Uuid, number: i64) -> String {
    format!("appeals/{appeal}/events/{number}")
}

/// The UUID of `appeals/{uuid}`.
pub fn parse_appeal(name: &str) -> Result<Uuid, NameError> {
    uuid_after("appeals/", name).ok_or(NameError("must be appeals/{uuid}"))
}

/// The UUID of `citizens/{uuid}`.
pub fn parse_citizen(name: &str) -> Result<Uuid, NameError> {
    uuid_after("citizens/", name).ok_or(NameError("must be citizens/{uuid}"))
}

/// The id of `staff/{id}`: 1 to 63 lower-case letters, digits, hyphens and dots, beginning with a letter or digit (AIP-122).
pub fn parse_staff(name: &str) -> Result<String, NameError> {
    let id = name.strip_prefix("staff/").unwrap_or_default();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let first = id.bytes().next().is_some_and(plain);
    let fits = id.len() <= STAFF_ID_MAX && id.bytes().all(|b| plain(b) || b == b'-' || b == b'.');
    if first && fits {
        Ok(id.to_owned())
    } else {
        Err(NameError("must be staff/{id}, the id of lower-case letters, digits, hyphens and dots"))
    }
}

/// Only the hyphenated lower-case form, so that one thing has one name.
fn uuid_after(prefix: &str, name: &str) -> Option<Uuid> {
    let text = name.strip_prefix(prefix)?;
    let id = Uuid::try_parse(text).ok()?;
    (id.to_string() == text).then_some(id)
}
