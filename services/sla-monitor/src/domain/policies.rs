//! The policies known here: what a promise is checked against, and where its ladder comes from.
//!
//! A promise may be made under a set that is not known here, such as by a ticket service that is newer than this one. It is kept and
//! watched all the same: with the ladder of the newest set's policy of that id, or of the one that matches everything; flagged and counted.

use std::borrow::Cow;
use std::sync::Arc;

use ::deadline::{
    Calendar, ClockKind, Due, Holder, Level, Plan, Policy, PolicySet, Published, RungInputs, RungKind, acknowledge_end,
    elapsed, extended, level_end, rungs,
};
use jiff::{SignedDuration, Timestamp};

use super::closing::Measured;
use super::deadline::Deadline;
use super::promise::{Clock, ClockState, Promise};
use super::rung::{Rung, RungState};
use super::times::micros;

/// The sets known here.
#[derive(Clone, Debug)]
pub struct Policies(Arc<Published>);

/// Why our own arithmetic does not confirm a promise. The promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The set of the promise, or its policy, is not known here.
    PolicyUnknown,
    /// The policy grants another allowance or counts by another calendar.
    Terms,
    /// The same terms give another due time.
    DueTime,
    /// The due time can't be computed, such as past the calendar's horizon.
    NotComputable,
}

/// One step of a ladder under the promise in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) level: i16,
    /// `None` while the clock is paused.
    pub(super) fire_time: Option<Timestamp>,
    pub(super) promise_time: Option<Timestamp>,
}

// === impl Policies ===

impl Policies {
    /// These sets.
    pub fn new(published: Arc<Published>) -> Self {
        Self(published)
    }

    /// What is compiled in.
    #[cfg(test)]
    pub fn builtin() -> Self {
        Self(Arc::new(Published::shipped()))
    }

    /// The set that the promise was made under, if it is known here.
    pub fn pinned(&self, promise: &Promise) -> Option<&PolicySet> {
        let set = self.0.by_hash(&promise.policy_hash)?;
        (i64::from(set.version()) == promise.policy_version).then_some(set)
    }

    /// The set that a clock counts by: the promise's, unless the clock was over when the others were promised under another one, or that has nothing
    /// of it. Then it is the newest that has its terms.
    pub fn set_of(&self, promise: &Promise, clock: &Clock) -> Option<&PolicySet> {
        let has_terms = |set: &&PolicySet| {
            promise.term(set, clock.kind).is_some_and(|term| {
                let days = (term.calendar().id(), i64::from(term.calendar().version()));
                days == (clock.calendar.as_str(), clock.calendar_version)
                    && term.begun_in(clock.start_epoch).allowance() == clock.allowance
            })
        };
        let pinned = self.pinned(promise);
        // What a policy promises nothing of any more goes on by what it was promised under.
        let is_dropped = pinned.is_some_and(|set| promise.term(set, clock.kind).is_none());
        if pinned.as_ref().is_some_and(has_terms) || !clock.is_over() && !is_dropped {
            return pinned;
        }
        self.0.sets().rev().map(|set| &**set).find(has_terms).or(pinned)
    }

    /// What our own arithmetic has to say against a clock's promise. Only a running clock has a due time to be checked.
    pub fn mismatch(&self, promise: &Promise, clock: &Clock) -> Option<Mismatch> {
        let promised = clock.running_due_time()?;
        let pinned = self.pinned(promise).and_then(|set| Some((set, set.policy(&promise.policy)?)));
        let Some((set, policy)) = pinned else { return Some(Mismatch::PolicyUnknown) };
        let (plan, calendar) = Self::plan(set, policy, promise, clock)?;
        let granted = promise.term(set, clock.kind)?.begun_in(clock.start_epoch).allowance();
        let same_calendar = calendar.id() == clock.calendar && i64::from(calendar.version()) == clock.calendar_version;
        if granted != clock.allowance || plan.calendar != clock.calendar || !same_calendar {
            return Some(Mismatch::Terms);
        }
        let suspensions = plan.pausing(&promise.counted_suspensions());
        match extended(&calendar, clock.start_time, clock.allowance, &clock.granted(), &suspensions) {
            Ok(Due::At(computed)) => (micros(computed) != promised).then_some(Mismatch::DueTime),
            Ok(Due::Paused { .. }) => Some(Mismatch::DueTime),
            Err(_) => Some(Mismatch::NotComputable),
        }
    }

    /// The ladder of a clock under the promise in force, warnings by their time and then the levels; empty once nothing is owed.
    pub(super) fn steps(&self, promise: &Promise, clock: &Clock) -> Vec<Step> {
        let Some((plan, calendar)) = self.terms(promise, clock) else { return Vec::new() };
        match (clock.state, clock.due_time) {
            (ClockState::Running, Some(due)) => running(promise, clock, due, plan, &calendar),
            (ClockState::Paused, _) => {
                let count = |all: usize| i16::try_from(all).unwrap_or(i16::MAX);
                (-count(plan.earlier.len())..=count(plan.ladder.len()))
                    .map(|level| Step { level, fire_time: None, promise_time: None })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// When the term of a clock's level ends that begins at `from`; `None` where it has no end now, or the ladder no such level.
    pub(super) fn level_end(&self, promise: &Promise, clock: &Clock, level: i16, from: Timestamp) -> Option<Timestamp> {
        let (plan, calendar) = self.terms(promise, clock)?;
        let suspensions = plan.pausing(&promise.counted_suspensions());
        level_end(&calendar, level_of(plan, level)?, from, &suspensions).map(micros)
    }

    /// Until when the holder of a rung's level has to say that they have seen it: counted from when they got it, as far as that is known. `None` while
    /// they have not got it, and where the policy does not ask for it.
    pub(super) fn acknowledge_end(&self, promise: &Promise, clock: &Clock, rung: &Rung) -> Option<Timestamp> {
        let from = rung.accept_time.or(rung.act_time).filter(|_| rung.state == RungState::Acted)?;
        let (plan, calendar) = self.terms(promise, clock)?;
        let suspensions = plan.pausing(&promise.counted_suspensions());
        acknowledge_end(&calendar, level_of(plan, rung.key.level)?, from, &suspensions).map(micros)
    }

    /// What a rung promises that moves on at `now`, later than planned: its level has the whole of its term, and nobody is told a time that has
    /// passed already.
    pub(super) fn late_promise(
        &self,
        promise: &Promise,
        clock: &Clock,
        rung: &Rung,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let from_now = self.level_end(promise, clock, rung.key.level, now);
        from_now.max(rung.promise_time).filter(|time| *time > now)
    }

    /// Until when the level that a rung handed its clock to has it, under the promise in force. In the rung's own epoch that is the time it
    /// promised. In a later one it is what the ticket service told when the clock ran again: the term under the new due time, or, where that was
    /// over by then, a whole one from then on. Where it did not pause since, other terms gave it the new due time, and what was promised stands.
    pub(super) fn held_until(&self, promise: &Promise, clock: &Clock, rung: &Rung) -> Option<Timestamp> {
        if rung.key.epoch >= clock.epoch {
            return rung.promise_time;
        }
        let steps = self.steps(promise, clock);
        let moved = steps.iter().find(|step| step.level == rung.key.level).and_then(|step| step.promise_time);
        let (plan, _) = self.terms(promise, clock)?;
        let ran_again = plan.pausing(&promise.counted_suspensions()).iter().filter_map(|it| it.to).max();
        if ran_again <= rung.act_time {
            return moved.max(rung.promise_time);
        }
        match (moved, ran_again) {
            (Some(moved), Some(ran_again)) if moved <= ran_again => {
                self.level_end(promise, clock, rung.key.level, ran_again).or(Some(moved))
            }
            _ => moved,
        }
    }

    /// Who a level of a clock's ladder hands it to.
    pub fn holder(&self, deadline: &Deadline, kind: ClockKind, level: i16) -> Option<Holder> {
        let promise = &deadline.promise;
        let plan = self.watched_by(promise)?.1.plan(kind)?;
        level_of(plan, level).map(|level| level.role)
    }

    /// What there is to count of a clock that ended at `end`; `ran_for`: the due time that it had then, where it is known. Else it is computed,
    /// from the ledger as it is now. Time counts as it does for the clock; where the calendar does not know the days, all time does.
    pub(super) fn measure(
        &self,
        promise: &Promise,
        clock: &Clock,
        end: Timestamp,
        ran_for: Option<Timestamp>,
    ) -> Measured {
        let real = |from: Timestamp| end.duration_since(from).max(SignedDuration::ZERO);
        let Some((plan, calendar)) = self.counted_by(promise, clock) else {
            let late = ran_for.map_or(SignedDuration::ZERO, real);
            let (is_late, used) = (ran_for.map(|due| end > due), real(clock.start_time));
            return Measured { is_late, due_time: ran_for, used, late };
        };
        let suspensions = plan.pausing(&promise.counted_suspensions());
        let counted =
            |from| elapsed(&calendar, clock.allowance.basis(), from, end, &suspensions).unwrap_or_else(|_| real(from));
        let computed = || extended(&calendar, clock.start_time, clock.allowance, &clock.granted(), &suspensions).ok();
        let due = ran_for.map(Due::At).or_else(computed);
        let due_time = due.and_then(Due::time).map(micros);
        let late_since = due_time.filter(|due| end > *due);
        Measured {
            due_time,
            // One that was paused before it was due, without an end, was not late.
            is_late: due.map(|_| late_since.is_some()),
            used: counted(clock.start_time),
            late: late_since.map_or(SignedDuration::ZERO, counted),
        }
    }

    /// How much of a clock's time is left at `now`, counted as it counts; negative once it is late, and the same for as long as it is paused. `None`
    /// once it is over, and where it can't be computed.
    pub fn remaining(&self, promise: &Promise, clock: &Clock, now: Timestamp) -> Option<SignedDuration> {
        if clock.is_over() {
            return None;
        }
        let (plan, calendar) = self.counted_by(promise, clock)?;
        let mut suspensions = plan.pausing(&promise.counted_suspensions());
        let (at, due) = match clock.due_time {
            Some(due) => (now, due),
            // As it stood when it was paused: nothing counts since then.
            None => {
                let paused = suspensions.iter().filter(|it| it.to.is_none()).map(|it| it.from).min()?;
                suspensions.retain(|it| it.to.is_some());
                let start = clock.start_time;
                let due = extended(&calendar, start, clock.allowance, &clock.granted(), &suspensions).ok()?;
                (paused, due.time()?)
            }
        };
        let counted = |from, to| elapsed(&calendar, clock.allowance.basis(), from, to, &suspensions).ok();
        if at <= due { counted(at, due) } else { counted(due, at).map(|late| -late) }
    }

    /// What a clock is watched by: the terms it was promised under where they are known.
    fn terms(&self, promise: &Promise, clock: &Clock) -> Option<(&Plan, Cow<'_, Calendar>)> {
        let (set, policy) = self.watched_by(promise)?;
        Self::plan(set, policy, promise, clock)
    }

    /// What a clock's time is counted by: also where its policy promises nothing of it any more, and has no ladder for it.
    fn counted_by(&self, promise: &Promise, clock: &Clock) -> Option<(&Plan, Cow<'_, Calendar>)> {
        let of_before = || {
            let set = self.set_of(promise, clock)?;
            Self::plan(set, set.policy(&promise.policy)?, promise, clock)
        };
        self.terms(promise, clock).or_else(of_before)
    }

    /// The set and the policy of it that a promise is watched by.
    fn watched_by(&self, promise: &Promise) -> Option<(&PolicySet, &Policy)> {
        let set = self.pinned(promise).unwrap_or(&self.0.newest().set);
        // A loaded set always has a policy that matches everything.
        let catch_all = || set.policies().iter().find(|policy| policy.matches.is_catch_all());
        Some((set, set.policy(&promise.policy).or_else(catch_all)?))
    }

    fn plan<'a>(
        set: &'a PolicySet,
        policy: &'a Policy,
        promise: &Promise,
        clock: &Clock,
    ) -> Option<(&'a Plan, Cow<'a, Calendar>)> {
        let plan = policy.plan(clock.kind)?;
        let of = |id: &str| set.calendar_for(id, plan, promise.zone.as_deref());
        Some((plan, of(&clock.calendar).or_else(|| of(&plan.calendar))?))
    }
}

/// A level of a plan's ladder; `None` for a warning.
fn level_of(plan: &Plan, level: i16) -> Option<&Level> {
    plan.ladder.level(u8::try_from(level).ok()?)
}

fn running(promise: &Promise, clock: &Clock, due: Timestamp, plan: &Plan, calendar: &Calendar) -> Vec<Step> {
    let derived = rungs(&RungInputs {
        calendar,
        start: clock.start_time,
        allowance: clock.allowance,
        suspensions: &plan.pausing(&promise.counted_suspensions()),
        due: Due::At(due),
        warn_percent: plan.warn_percent,
        earlier: &plan.earlier,
        ladder: &plan.ladder,
    });
    match derived {
        Ok(rungs) => rungs
            .into_iter()
            .map(|rung| Step {
                level: match rung.kind {
                    RungKind::Earlier(number) => -i16::from(number),
                    RungKind::Warn => 0,
                    RungKind::Level(level) => level.into(),
                },
                fire_time: Some(micros(rung.fire_time)),
                promise_time: rung.promise.map(micros),
            })
            .collect(),
        // The warning's share can't be computed, say past the calendar's horizon. The breach needs no arithmetic: it is at the due time.
        Err(_) if !plan.ladder.is_empty() => {
            vec![Step { level: 1, fire_time: Some(due), promise_time: None }]
        }
        Err(_) => Vec::new(),
    }
}

// === impl Mismatch ===

impl Mismatch {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::PolicyUnknown, Self::Terms, Self::DueTime, Self::NotComputable];

    /// The label in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PolicyUnknown => "policy_unknown",
            Self::Terms => "terms",
            Self::DueTime => "due_time",
            Self::NotComputable => "not_computable",
        }
    }
}
