//! The promises of an appeal, and the ledger of time that counts for none of them.
//!
//! ```text
//! RUNNING --(the applicant's turn)--> PAUSED --(answer: new due time, epoch + 1)--> RUNNING
//! RUNNING | PAUSED --(done)--> MET --(reopened: new due time, epoch + 1)--> RUNNING
//! RUNNING | PAUSED --(withdrawn)--> CANCELLED
//!
//! next answer:  (none) | MET --(the applicant writes: begins anew, epoch + 1)--> RUNNING --(a person answers)--> MET
//! other body:   (none) | MET | CANCELLED --(one is asked: begins anew, epoch + 1)--> RUNNING --(it answers)--> MET, or --(given up)--> CANCELLED
//! acceptance:   RUNNING --(somebody has begun with it)--> MET
//! ```
//!
//! The first answer and the resolution run from the filing on, and so does the acceptance where the policy promises it. The next answer's clock
//! is there only while the applicant waits for one, after the first: the oldest thing that they wrote and nobody answered begins it, what they
//! add does not move it, and it never pauses, since what pauses the others is an answer (peers S-01). Another body's is there while it is waited for:
//! the applicant can't be asked meanwhile, and whoever resolves the appeal without that body cancels it.
//!
//! Being late is no state: a late clock runs on, and the ladder of the SLA monitor tells it. The epoch counts the changes of
//! the due time; it fences rungs that were armed for an older one. Pausing does not raise it, as no new due time exists yet.

use deadline::{Allowance, SuspensionReason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::kinds::{ClockKind, ids};

ids! {
    /// Where a clock stands.
    ClockState {
        /// Time counts.
        Running = "running",
        /// Time does not count: it is the applicant's turn (L8).
        Paused = "paused",
        /// What was promised was done.
        Met = "met",
        /// Nothing is owed any more.
        Cancelled = "cancelled",
    }
}

/// One promise with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Which promise.
    pub kind: ClockKind,
    /// Where it stands.
    pub state: ClockState,
    /// Counts the changes of the due time, from 1; never falls.
    pub epoch: i64,
    /// When it began to run (L3).
    pub start_time: Timestamp,
    /// The epoch in which it did: those before it are of another wait.
    pub start_epoch: i64,
    /// When it is due; `None` unless running.
    pub due_time: Option<Timestamp>,
    /// When it was met or cancelled.
    pub end_time: Option<Timestamp>,
    /// How much counted time was promised.
    pub allowance: Allowance,
    /// Id of the calendar that counts it.
    pub calendar: String,
    /// Version of that calendar.
    pub calendar_version: u32,
    /// The highest level of its ladder that acted since it began; 0 before any. Carried over epochs: no level acts twice.
    pub acted_level: u8,
}

impl Clock {
    /// True while time counts.
    pub fn is_running(&self) -> bool {
        self.state == ClockState::Running
    }

    /// True once nothing is owed: met or cancelled.
    pub fn is_over(&self) -> bool {
        matches!(self.state, ClockState::Met | ClockState::Cancelled)
    }
}

/// A stretch of time that counts for no clock. Only ever added and closed; belongs to the appeal (peers S-06).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Why.
    pub reason: SuspensionReason,
    /// Who caused it.
    pub actor: Actor,
    /// Its beginning.
    pub start_time: Timestamp,
    /// Its end, not included; `None` while it lasts.
    pub end_time: Option<Timestamp>,
    /// When it ends by itself, if nobody ended it by then; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_time: Option<Timestamp>,
    /// When the applicant is reminded, unless it has ended by then; `None` for never, and once they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_time: Option<Timestamp>,
}

impl Suspension {
    /// When something is to be done about it, if it still lasts then.
    pub fn look_time(&self) -> Option<Timestamp> {
        [self.remind_time, self.resume_time].into_iter().flatten().min()
    }

    /// As the arithmetic wants it.
    pub fn counted(&self) -> deadline::Suspension {
        deadline::Suspension { from: self.start_time, to: self.end_time, reason: self.reason }
    }
}
