//! What others did, as the journal notes it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::kinds::ClockKind;
use super::super::outcome::NoticeState;

/// What a rung of the SLA monitor did or did not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungNote {
    /// The clock.
    pub clock: ClockKind,
    /// Its epoch at the time.
    pub epoch: i64,
    /// The rung's level; 0 is the last warning, those before it count down.
    pub level: i16,
    /// When it happened.
    pub outcome_time: Timestamp,
    /// The due time or promise concerned.
    pub due_time: Option<Timestamp>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// How late the rung fired.
    pub lateness: Option<SignedDuration>,
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeNote {
    /// Kind of notice: its template id.
    pub notice: String,
    /// What became of it.
    pub state: NoticeState,
    /// When.
    pub outcome_time: Timestamp,
    /// `notifications/{uuid}`, where this service had asked for it.
    pub notification: Option<String>,
    /// The clock whose repeat notice it is.
    pub clock: Option<ClockKind>,
    /// The epoch of that clock.
    pub epoch: Option<i64>,
    /// The level whose repeat notice it is.
    pub level: Option<u8>,
    /// Why, as a code.
    pub reason: Option<String>,
}
