//! One clock of one policy, with its calendar: the arithmetic bound to what was chosen.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Allowance, Calendar, ClockKind, Due, Explanation, Plan, Policy, Refused, Rung, RungInputs, Suspension, due,
    elapsed, explain, extended, level_end, remaining, rungs,
};

/// A clock's rules. Every method takes *all* suspensions of the appeal and looks at those that pause this clock.
#[derive(Clone, Debug)]
pub struct Term<'a> {
    policy: &'a Policy,
    clock: ClockKind,
    plan: &'a Plan,
    allowance: Allowance,
    calendar: Cow<'a, Calendar>,
}

impl<'a> Term<'a> {
    pub(crate) fn new(policy: &'a Policy, clock: ClockKind, plan: &'a Plan, calendar: Cow<'a, Calendar>) -> Self {
        Self { policy, clock, plan, allowance: plan.allowance, calendar }
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
        self.plan
    }

    /// The calendar it counts by, with the zone whose wall it is read by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The same for a clock that began in that epoch: the resolution's begins in a later one than the first when its appeal is opened again, and the
    /// policy may grant another term for that.
    #[must_use]
    pub fn begun_in(self, start_epoch: i64) -> Self {
        let anew = self.policy.reopened().filter(|_| self.clock == ClockKind::Resolution && start_epoch > 1);
        Self { allowance: anew.unwrap_or(self.allowance), ..self }
    }

    /// How much time is promised.
    pub fn allowance(&self) -> Allowance {
        self.allowance
    }

    /// Whether it promises what another one does: the same plan by the same version of its calendar. The same due time is not enough, since a
    /// pause may lead two of them to different ones.
    pub fn promises_like(&self, other: &Term<'_>) -> bool {
        (self.plan(), self.allowance) == (other.plan(), other.allowance)
            && self.calendar.version() == other.calendar.version()
    }

    /// See [`due`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn due(&self, start: Timestamp, suspensions: &[Suspension]) -> Result<Due, Refused> {
        due(&self.calendar, start, self.allowance, &self.plan().pausing(suspensions))
    }

    /// The due time as if there had been no outages.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn undisturbed(&self, start: Timestamp) -> Result<Due, Refused> {
        due(&self.calendar().clone().with_outages(Vec::new()), start, self.allowance, &[])
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
        extended(&self.calendar, start, self.allowance, extensions, &plan.pausing(suspensions))
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
        remaining(&self.calendar, start, self.allowance, &self.plan().pausing(suspensions), now)
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
        elapsed(&self.calendar, self.allowance.basis(), from, to, &self.plan().pausing(suspensions))
    }

    /// The rungs under the due time in force: what [`due`](Self::due) says, or what was promised before. See [`rungs`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn rungs(&self, start: Timestamp, suspensions: &[Suspension], due: Due) -> Result<Vec<Rung>, Refused> {
        let plan = self.plan();
        rungs(&RungInputs {
            calendar: &self.calendar,
            start,
            allowance: self.allowance,
            suspensions: &plan.pausing(suspensions),
            due,
            warn_percent: plan.warn_percent,
            earlier: &plan.earlier,
            ladder: &plan.ladder,
        })
    }

    /// When the term of the ladder's level of that number ends that begins at `from`; `None` also when the ladder has no such
    /// level. See [`level_end`].
    pub fn level_end(&self, number: u8, from: Timestamp, suspensions: &[Suspension]) -> Option<Timestamp> {
        let plan = self.plan();
        level_end(&self.calendar, plan.ladder.level(number)?, from, &plan.pausing(suspensions))
    }

    /// See [`explain`].
    ///
    /// # Errors
    /// [`Refused`].
    pub fn explain(&self, start: Timestamp, suspensions: &[Suspension]) -> Result<Explanation, Refused> {
        let plan = self.plan();
        explain(self.policy.pin(), &self.calendar, start, self.allowance, &plan.pausing(suspensions))
    }
}
