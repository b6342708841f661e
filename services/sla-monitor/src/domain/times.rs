//! Instants as Postgres keeps them.

use jiff::{SignedDuration, Timestamp};

/// The instant without what is smaller than a microsecond: what is compared now and what is read later are the same instant.
pub fn micros(time: Timestamp) -> Timestamp {
    // Every instant has its microsecond, so the other branch is never taken.
    Timestamp::from_microsecond(time.as_nanosecond().div_euclid(1_000).try_into().unwrap_or_default()).unwrap_or(time)
}

/// How late something happened, when that is later than `allowed`.
pub fn lateness(planned: Timestamp, happened: Timestamp, allowed: SignedDuration) -> Option<SignedDuration> {
    Some(happened.duration_since(planned)).filter(|late| *late > allowed)
}
