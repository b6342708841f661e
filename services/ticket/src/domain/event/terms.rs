//! Terms, as the journal keeps them: an event carries what followed from it.

use deadline::{Allowance, ExtensionReason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::appeal::Promise;
use super::super::kinds::ClockKind;

/// A clock at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// When it is due.
    pub due_time: Timestamp,
    /// How much counted time was promised.
    pub allowance: Allowance,
    /// Id of the calendar that counts it.
    pub calendar: String,
    /// Version of that calendar.
    pub calendar_version: u32,
}

/// A due time that followed, with the clock and epoch it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDue {
    /// The clock.
    pub clock: ClockKind,
    /// Its epoch from now on.
    pub epoch: i64,
    /// When it is due now.
    pub due_time: Timestamp,
}

/// A clock that begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Its epoch from now on.
    pub epoch: i64,
    /// Its term.
    pub term: Term,
}

/// The content of [`super::Event::Rebased`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebased {
    /// Under which policy it is promised from now on.
    pub promise: Promise,
    /// Those of its clocks that are not over.
    pub terms: Vec<RebasedTerm>,
    /// When the citizen may expect it now; none while paused.
    pub expected_time: Option<Timestamp>,
}

/// A clock under other terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebasedTerm {
    /// The clock.
    pub clock: ClockKind,
    /// Its epoch from now on.
    pub epoch: i64,
    /// When it was due; none while paused.
    pub old_due_time: Option<Timestamp>,
    /// When it is due; none while paused.
    pub due_time: Option<Timestamp>,
    /// How much counted time is promised.
    pub allowance: Allowance,
    /// Id of the calendar that counts it.
    pub calendar: String,
    /// Version of that calendar.
    pub calendar_version: u32,
}

/// The content of [`super::Event::ExtensionProposed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// Why it is needed.
    pub reason: ExtensionReason,
    /// What it grants, from the end of the term before.
    pub length: Allowance,
    /// The due time that governs.
    pub old_due_time: Timestamp,
    /// The due time that the citizen is told.
    pub due_time: Timestamp,
    /// The request that asks for the citizen's notice.
    pub notice: Uuid,
}
