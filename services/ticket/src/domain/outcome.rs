//! What other services tell about an appeal afterwards. Only noted: nothing is decided on it but whether a proposed extension governs.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::kinds::{ClockKind, ids};

ids! {
    /// What became of a notice, over all its channels.
    NoticeState {
        /// Waiting.
        Queued = "queued",
        /// A provider accepted it.
        Sent = "sent",
        /// It arrived.
        Delivered = "delivered",
        /// Given up.
        Failed = "failed",
        /// Its time passed.
        Expired = "expired",
        /// Not sent, as something later made it untrue.
        Dropped = "dropped",
    }
}

/// What became of a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RungOutcome {
    /// The warning fired.
    Warned,
    /// A higher rung acted in this one's place.
    Superseded,
    /// Something became of the repeat notice.
    RepeatNotice(NoticeState),
}

/// What the SLA monitor did about a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineOutcome {
    /// The clock.
    pub clock: ClockKind,
    /// Its epoch at the time.
    pub epoch: i64,
    /// The rung's level; 0 is the last warning, those before it count down.
    pub level: i16,
    /// What happened.
    pub outcome: RungOutcome,
    /// When it happened.
    pub outcome_time: Timestamp,
    /// The due time or promise concerned.
    pub due_time: Option<Timestamp>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// How late the rung fired.
    pub lateness: Option<SignedDuration>,
}

/// What became of a notice that this service asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeOutcome {
    /// `notifications/{uuid}`.
    pub notification: String,
    /// The request that asked for it.
    pub send_request: Uuid,
    /// Template id, which names the kind of notice.
    pub template: String,
    /// What became of it.
    pub state: NoticeState,
    /// When.
    pub outcome_time: Timestamp,
    /// Why, as a code.
    pub reason: Option<String>,
}
