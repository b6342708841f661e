//! What does not fit together, although one transaction always writes it together: a fault of ours, or of somebody who edited rows by hand.

use jiff::Timestamp;
use uuid::Uuid;

use super::deadline::Deadline;
use super::policies::Policies;
use super::promise::{Clock, ClockState};

/// A kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// An open appeal that is not watched here.
    AppealUntracked,
    /// An open appeal that is watched at an older revision.
    AppealOutdated,
    /// A running clock lacks an armed rung that its ladder has: that level will not fire.
    RungMissing,
    /// A rung's time has passed, nothing holds it back, and nobody fires it.
    RungOverdue,
    /// The monitor is to look at another time than clocks and rungs give, or never.
    FireTimeDiffers,
    /// The deadline can't be read, so nothing of it fires.
    DeadlineUnreadable,
}

/// What was found at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What.
    pub kind: DriftKind,
    /// The uid of the appeal.
    pub deadline: Uuid,
    /// Each pass since has found it again.
    pub first_find_time: Timestamp,
    /// When it was found last.
    pub find_time: Timestamp,
}

// === impl Deadline ===

impl Deadline {
    /// What does not fit together. `stored`: when the monitor is to look at it, as it is written. A rung is overdue that was to fire before
    /// `overdue_before`: what has just fallen due is the monitor's.
    pub fn drifts(
        &self,
        stored: Option<Timestamp>,
        overdue_before: Timestamp,
        policies: &Policies,
    ) -> impl Iterator<Item = DriftKind> {
        let derived = self.next_fire_time();
        let found = [
            (DriftKind::RungMissing, self.lacks_rungs(policies)),
            (DriftKind::RungOverdue, derived.is_some_and(|time| time < overdue_before)),
            (DriftKind::FireTimeDiffers, stored != derived),
        ];
        found.into_iter().filter_map(|(kind, is_so)| is_so.then_some(kind))
    }

    /// Arms what is missing, and looks at the time that follows. True when that differs from what is written (`stored`), so that it is to be
    /// written.
    pub fn mend(&mut self, stored: Option<Timestamp>, now: Timestamp, policies: &Policies) -> bool {
        let lacks = self.lacks_rungs(policies);
        if lacks {
            self.rearm(policies);
        }
        let mended = lacks || self.next_fire_time() != stored;
        if mended {
            self.touch(now);
        }
        mended
    }

    /// Whether arming anew would arm a level of a running clock that is not armed now.
    fn lacks_rungs(&self, policies: &Policies) -> bool {
        let mut anew = self.clone();
        anew.rearm(policies);
        let lacks = |clock: &Clock| anew.armed(clock).any(|rung| !self.armed(clock).any(|known| known.key == rung.key));
        self.promise.clocks.iter().filter(|clock| clock.state == ClockState::Running).any(lacks)
    }
}

// === impl DriftKind ===

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::AppealUntracked,
        Self::AppealOutdated,
        Self::RungMissing,
        Self::RungOverdue,
        Self::FireTimeDiffers,
        Self::DeadlineUnreadable,
    ];

    /// The name in the database and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AppealUntracked => "appeal_untracked",
            Self::AppealOutdated => "appeal_outdated",
            Self::RungMissing => "rung_missing",
            Self::RungOverdue => "rung_overdue",
            Self::FireTimeDiffers => "fire_time_differs",
            Self::DeadlineUnreadable => "deadline_unreadable",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
