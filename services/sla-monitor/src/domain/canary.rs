//! The canary: a clock that nobody was promised anything by, and that fires each minute for ever.
//!
//! It lies among the deadlines and is fired by what fires them, so a service that is up and fires nothing is found within a minute, also at night
//! when no appeal is due. It has no rungs and makes no calls.

use jiff::Timestamp;
use uuid::Uuid;

/// Seconds between two firings.
const EVERY: i64 = 60;

/// Where the canary lies. No appeal has this uid, and no name gives it ([`super::parse_name`]).
pub const CANARY: Uuid = Uuid::nil();

/// When the canary fires after `now`: at the next whole minute. Minutes that were missed stay missed, so an outage ends without a flood.
pub fn next_canary_time(now: Timestamp) -> Timestamp {
    let minute = now.as_second().div_euclid(EVERY) + 1;
    Timestamp::from_second(minute.saturating_mul(EVERY)).unwrap_or(Timestamp::MAX)
}
