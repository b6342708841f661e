//! What is counted of a clock that is over (L9).
//!
//! A clock is counted once, by how it ended for good. One that runs again after a reopening is taken back from where it was counted, exactly as it
//! was, and counted anew when it ends again: the promise is that the matter is settled in time, and an answer that did not settle it has
//! not kept it. Counted per epoch, an answer given in haste and reopened would count as one kept promise more. So the figures of a past day may
//! fall, and `reopened` of that day tells by how many.
//!
//! A clock that begins anew does not go on: it is another promise, and each is counted. So does the next answer's with each wait, another body's
//! each time one is asked, and the resolution's when the appeal is opened again under a policy that grants a term for that.

use std::collections::BTreeSet;

use ::deadline::{ClockKind, ExtensionReason};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::deadline::Deadline;
use super::policies::Policies;
use super::promise::{Clock, ClockState, Promise};
use super::times::micros;

/// How a clock ended, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The epoch that ended.
    pub epoch: i64,
    /// When it was due; `None` where that is not known, or it was paused.
    pub due_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Timestamp,
    /// Whether what was promised was done in time.
    pub outcome: Outcome,
    /// Counted seconds from the start to the end.
    pub used: i64,
    /// Counted seconds from the due time to the end: zero also for what ended out of hours after it, which is late all the same.
    pub late: i64,
    /// What it is told apart by.
    pub cell: Cell,
    /// For which reasons its term had been extended (L4), each once; `None` is one that is not known here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub extended: BTreeSet<Option<ExtensionReason>>,
}

/// What figures are told apart by, besides the time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Which promise.
    pub clock: ClockKind,
    /// Id of the category.
    pub category: String,
    /// Id of the channel.
    pub channel: String,
    /// The group whose queue the appeal is in; empty for none.
    pub group: String,
    /// Id of the policy.
    pub policy: String,
    /// Id of the priority.
    pub priority: String,
}

/// Whether what was promised was done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done by the due time, that instant included.
    Kept,
    /// Done after it.
    Late,
    /// Nothing was owed any more before it was due.
    Cancelled,
    /// The same, after it was due.
    CancelledLate,
    /// Over, and its due time is neither known nor computable here.
    Unmeasured,
}

/// A change of what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What is counted.
    pub closing: Closing,
    /// It was counted, and no longer is.
    pub taken_back: bool,
}

/// What the arithmetic has to say of a clock that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Whether the end was after the due time; `None` when there is no telling.
    pub(super) is_late: Option<bool>,
    pub(super) due_time: Option<Timestamp>,
    pub(super) used: SignedDuration,
    pub(super) late: SignedDuration,
}

// === impl Deadline ===

impl Deadline {
    /// Brings what is counted up to the promise; `before` is the promise that this one replaced. A clock that is over stays counted as it was,
    /// whatever else changes.
    pub(super) fn recount(&mut self, before: Option<&Promise>, policies: &Policies) -> Vec<Tally> {
        let mut tallies = Vec::new();
        for clock in &self.promise.clocks {
            let known = self.counted.iter().position(|it| it.cell.clock == clock.kind);
            if known.is_some_and(|at| self.counted[at].is_of(clock)) {
                continue;
            }
            if let Some(at) = known {
                let closing = self.counted.remove(at);
                if closing.epoch >= clock.start_epoch {
                    tallies.push(Tally { closing, taken_back: true });
                }
            }
            if clock.is_over() {
                let closing = close(&self.promise, clock, before, self.update_time, policies);
                self.counted.push(closing.clone());
                tallies.push(Tally { closing, taken_back: false });
            }
        }
        tallies
    }
}

fn close(promise: &Promise, clock: &Clock, before: Option<&Promise>, now: Timestamp, policies: &Policies) -> Closing {
    let end_time = clock.end_time.unwrap_or(now);
    let ran_for = before.and_then(|before| ran_for(before, promise, clock));
    let measured = policies.measure(promise, clock, end_time, ran_for);
    let outcome = match (clock.state, measured.is_late) {
        (ClockState::Cancelled, Some(true)) => Outcome::CancelledLate,
        (ClockState::Cancelled, _) => Outcome::Cancelled,
        (_, Some(false)) => Outcome::Kept,
        (_, Some(true)) => Outcome::Late,
        (_, None) => Outcome::Unmeasured,
    };
    Closing {
        epoch: clock.epoch,
        due_time: measured.due_time,
        end_time: micros(end_time),
        outcome,
        used: measured.used.as_secs(),
        late: measured.late.as_secs(),
        cell: Cell {
            clock: clock.kind,
            category: promise.category.clone(),
            channel: promise.channel.clone(),
            group: promise.group.clone().unwrap_or_default(),
            policy: promise.policy.clone(),
            priority: promise.priority.clone(),
        },
        extended: clock.extensions.iter().map(|it| it.reason).collect(),
    }
}

/// The due time that the clock ran for to its end. A clock that is over has none; the one it had when we last heard of it is it, unless something
/// in between was not told here: another due time (the epoch tells), or a pause, which raises no epoch (the ledger tells).
fn ran_for(before: &Promise, now: &Promise, clock: &Clock) -> Option<Timestamp> {
    let ran = before.clock(clock.kind).filter(|ran| ran.epoch == clock.epoch)?;
    ran.running_due_time().filter(|_| before.suspensions == now.suspensions)
}

// === impl Closing ===

impl Closing {
    /// The hour of UTC in which it counts.
    pub fn hour(&self) -> Timestamp {
        let second = self.end_time.as_second();
        Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(self.end_time)
    }

    fn is_of(&self, clock: &Clock) -> bool {
        let was_cancelled = matches!(self.outcome, Outcome::Cancelled | Outcome::CancelledLate);
        let is_so = match clock.state {
            ClockState::Running | ClockState::Paused => false,
            ClockState::Met => !was_cancelled,
            ClockState::Cancelled => was_cancelled,
        };
        is_so && self.epoch == clock.epoch && clock.end_time.is_none_or(|end| micros(end) == self.end_time)
    }
}

// === impl Outcome ===

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Kept, Self::Late, Self::Cancelled, Self::CancelledLate, Self::Unmeasured];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Late => "late",
            Self::Cancelled => "cancelled",
            Self::CancelledLate => "cancelled_late",
            Self::Unmeasured => "unmeasured",
        }
    }

    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}
