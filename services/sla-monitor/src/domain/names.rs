//! Resource names.

use uuid::Uuid;

use super::canary::CANARY;

/// `deadlines/{uuid}`.
pub fn deadline_name(id: Uuid) -> String {
    format!("deadlines/{id}")
}

/// `appeals/{uuid}`: the same uuid.
pub fn appeal_name(id: Uuid) -> String {
    format!("appeals/{id}")
}

/// The UUID within `collection/{uuid}`, in lower case with hyphens, as it was given out. The nil one names nothing: it is the canary's.
pub fn parse_name(collection: &str, name: &str) -> Option<Uuid> {
    let id = name.strip_prefix(collection)?.strip_prefix('/')?;
    Uuid::try_parse(id).ok().filter(|parsed| *parsed != CANARY && parsed.hyphenated().to_string() == id)
}
