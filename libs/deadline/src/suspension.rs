//! Stretches of time that a clock does not count.
//!
//! Suspensions belong to the appeal and are only ever added; each clock looks at those whose reason pauses it
//! ([`Plan::pausing`](crate::Plan::pausing)). An open one has no end yet: while it lasts, whatever lies behind it has no
//! instant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Calendar, Refused};

/// Why an appeal's clocks may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// The applicant owes an answer (`L8`).
    AwaitingApplicant,
    /// The applicant has to prove who they are (`T20`).
    AwaitingVerification,
    /// Another body owes an answer. No appeal is suspended for that: its clocks run, one of them for that body (`L5`), and its term may be extended
    /// (`L4`). A policy that says otherwise is not published.
    AwaitingOtherBody,
    /// The time between a resolution and its reopening: the citizen held the answer.
    Resolved,
    /// Nobody could work: see [`Outage`](crate::Outage). Never an appeal's own.
    Outage,
}

impl SuspensionReason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::AwaitingApplicant, Self::AwaitingVerification, Self::AwaitingOtherBody, Self::Resolved, Self::Outage];

    /// The name in policies and databases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApplicant => "awaiting_applicant",
            Self::AwaitingVerification => "awaiting_verification",
            Self::AwaitingOtherBody => "awaiting_other_body",
            Self::Resolved => "resolved",
            Self::Outage => "outage",
        }
    }
}

/// A stretch `[from, to)` that is not counted; without `to` it still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    pub reason: SuspensionReason,
}

/// Suspensions in order and disjoint: where two overlap the earlier one's reason is shown, so no instant is taken off twice.
#[derive(Debug)]
pub(crate) struct Ledger(Vec<Suspension>);

impl Ledger {
    /// Those of an appeal, and the outages that stop every clock of its calendar's set.
    pub(crate) fn of(calendar: &Calendar, suspensions: &[Suspension]) -> Result<Self, Refused> {
        if calendar.outages().is_empty() {
            return Self::new(suspensions);
        }
        Self::new(&[suspensions, calendar.outages()].concat())
    }

    pub(crate) fn new(suspensions: &[Suspension]) -> Result<Self, Refused> {
        for suspension in suspensions {
            if let Some(to) = suspension.to.filter(|to| *to < suspension.from) {
                return Err(Refused::SuspensionBackwards { from: suspension.from, to });
            }
        }
        let mut sorted = suspensions.to_vec();
        sorted.sort_by_key(|suspension| (suspension.from, suspension.to.unwrap_or(Timestamp::MAX), suspension.reason));
        let mut disjoint: Vec<Suspension> = Vec::with_capacity(sorted.len());
        for suspension in sorted {
            let from = match disjoint.last() {
                None => suspension.from,
                // Everything later lies inside the open one.
                Some(Suspension { to: None, .. }) => break,
                Some(Suspension { to: Some(covered), .. }) => suspension.from.max(*covered),
            };
            if suspension.to.is_none_or(|to| to > from) {
                disjoint.push(Suspension { from, ..suspension });
            }
        }
        Ok(Self(disjoint))
    }

    /// The first suspension that ends after `instant`.
    pub(crate) fn after(&self, instant: Timestamp) -> Option<&Suspension> {
        let ended = self.0.partition_point(|suspension| suspension.to.is_some_and(|to| to <= instant));
        self.0.get(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn suspension(from: i64, to: Option<i64>, reason: SuspensionReason) -> Suspension {
        Suspension { from: at(from), to: to.map(at), reason }
    }

    #[test]
    fn overlapping_ones_are_counted_once() {
        use SuspensionReason::{AwaitingApplicant, AwaitingOtherBody, AwaitingVerification};
        let ledger = Ledger::new(&[
            suspension(50, Some(70), AwaitingVerification),
            suspension(10, Some(40), AwaitingApplicant),
            suspension(20, Some(30), AwaitingVerification),
            suspension(35, Some(50), AwaitingOtherBody),
            suspension(60, None, AwaitingApplicant),
            suspension(80, Some(90), AwaitingApplicant),
        ])
        .unwrap();

        assert_eq!(
            ledger.0,
            [
                suspension(10, Some(40), AwaitingApplicant),
                suspension(40, Some(50), AwaitingOtherBody),
                suspension(50, Some(70), AwaitingVerification),
                suspension(70, None, AwaitingApplicant),
            ]
        );
    }

    #[test]
    fn empty_ones_vanish_and_backward_ones_are_refused() {
        let reason = SuspensionReason::AwaitingApplicant;
        assert!(Ledger::new(&[suspension(10, Some(10), reason)]).unwrap().0.is_empty());
        assert_eq!(
            Ledger::new(&[suspension(10, Some(9), reason)]).unwrap_err(),
            Refused::SuspensionBackwards { from: at(10), to: at(9) }
        );
    }
}
