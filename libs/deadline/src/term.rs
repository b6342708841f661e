//! One clock of one policy, with its calendar: the arithmetic bound to what was chosen.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Allowance, Calendar, ClockKind, Due, Explanation, Plan, Policy, Refused, Rung, RungInputs, Suspension, due,
    elapsed, explain, extended, level_end, remaining, rungs,
};

/// A clock's rules. Every method takes *all* suspensions of the appeal and looks at those that pause this clock.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    policy: &'a Policy,
    clock: ClockKind,
    calendar: &'a Calendar,
}

impl<'a> Term<'a> {
    pub(crate) fn new(policy: &'a Policy, clock: ClockKind, calendar: &'a Calendar) -> Self {
        Self { policy, clock, calendar }
    }

    /// The policy it belongs to.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Which clock it is.
    pub fn clock(&self) -> ClockKind {
        self.clock
    }

    /// What is promised.
    pub fn plan(&self) -> &'a Plan {
        self.policy.plan(self.clock)
    }

    /// The calendar it counts by.
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    /// Whether it promises what another one does: the same plan by the same version of its calendar. The same due time is not enough, since a
    /// pause may lead two of them to different ones.
    pub fn promises_like(&self, other: &Term<'_>) -> bool {
        self.plan() == other.plan() && self.calendar.version() == other.calendar.version()
    }

    /// See [`due`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn due(&self, start: Timestamp, suspensions: &[Suspension]) -> Result<Due, Refused> {
        due(self.calendar, start, self.plan().allowance, &self.plan().pausing(suspensions))
    }

    /// See [`extended`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn extended(
        &self,
        start: Timestamp,
        extensions: &[Allowance],
        suspensions: &[Suspension],
    ) -> Result<Due, Refused> {
        let plan = self.plan();
        extended(self.calendar, start, plan.allowance, extensions, &plan.pausing(suspensions))
    }

    /// See [`remaining`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn remaining(
        &self,
        start: Timestamp,
        suspensions: &[Suspension],
        now: Timestamp,
    ) -> Result<SignedDuration, Refused> {
        remaining(self.calendar, start, self.plan().allowance, &self.plan().pausing(suspensions), now)
    }

    /// How much counted time is used between two instants. See [`elapsed`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn elapsed(
        &self,
        from: Timestamp,
        to: Timestamp,
        suspensions: &[Suspension],
    ) -> Result<SignedDuration, Refused> {
        elapsed(self.calendar, self.plan().allowance.basis(), from, to, &self.plan().pausing(suspensions))
    }

    /// The rungs under the due time in force: what [`due`](Self::due) says, or what was promised before. See [`rungs`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn rungs(&self, start: Timestamp, suspensions: &[Suspension], due: Due) -> Result<Vec<Rung>, Refused> {
        let plan = self.plan();
        rungs(&RungInputs {
            calendar: self.calendar,
            start,
            allowance: plan.allowance,
            suspensions: &plan.pausing(suspensions),
            due,
            warn_percent: plan.warn_percent,
            ladder: &plan.ladder,
        })
    }

    /// When the term of the ladder's level of that number ends that begins at `from`; `None` also when the ladder has no such
    /// level. See [`level_end`].
    pub fn level_end(&self, number: u8, from: Timestamp, suspensions: &[Suspension]) -> Option<Timestamp> {
        let plan = self.plan();
        level_end(self.calendar, plan.ladder.level(number)?, from, &plan.pausing(suspensions))
    }

    /// See [`explain`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn explain(&self, start: Timestamp, suspensions: &[Suspension]) -> Result<Explanation, Refused> {
        let plan = self.plan();
        explain(self.policy.pin(), self.calendar, start, plan.allowance, &plan.pausing(suspensions))
    }
}
