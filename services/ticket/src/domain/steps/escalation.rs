//! Handing up (L7): by a clock's ladder, or by a person.

use jiff::Timestamp;

use super::super::clocks::ClockState;
use super::super::command::Escalate;
use super::super::event::{Escalated, Event, Handed};
use super::super::extension::Lapse;
use super::super::kinds::{ClockKind, State};
use super::super::refusal::Refusal;
use super::super::staff::{Level, Member, escalation_target};
use super::Deciding;

// === impl Deciding ===

impl Deciding<'_> {
    pub(in crate::domain) fn escalate(&mut self, ask: &Escalate, candidates: &[Member]) -> Result<(), Refusal> {
        let Some((level, wanted)) = self.step_up(ask)? else { return Ok(()) };
        let present = self.after.escalation.level;
        if ask.clock.is_some_and(|clock| clock.kind == ClockKind::Resolution) {
            // The monitor fires at the due time, so this is when it has passed.
            self.lapse(Lapse::DueTimePassed);
        }
        // Another clock's ladder may hand it to somebody higher by a level of the same number.
        let is_up = level > present || wanted > self.after.queue_level;
        let handed = is_up.then(|| self.receiver(wanted, candidates)).flatten();
        let state = match (&handed, self.after.state) {
            (Some(Handed::To(_)), State::Registered) => State::Assigned,
            (Some(Handed::Queue(_)), State::Assigned) => State::Registered,
            (_, state) => state,
        };
        // The ladders of the answers promise an answer, which is not what the citizen was told to expect.
        let tells =
            ask.clock.is_none_or(|clock| clock.kind == ClockKind::Resolution) && self.after.resolution.is_running();
        let event = Escalated {
            clock: ask.clock.map(|clock| clock.kind),
            epoch: ask.clock.map(|clock| clock.epoch),
            level,
            role: Some(wanted),
            expected_time: self.level_promise(ask, level).filter(|_| tells),
            handed,
            lateness: ask.lateness,
            unseen: level <= present && self.after.escalation.acknowledge_time.is_some(),
        };
        self.record(Event::Escalated(event), state);
        Ok(())
    }

    /// The level that is to act, and who gets it: nobody lower than had it to get before. `None` where it has acted already.
    fn step_up(&self, ask: &Escalate) -> Result<Option<(u8, Level)>, Refusal> {
        let (present, held) = (self.after.escalation.level, self.after.queue_level);
        let next = present.saturating_add(1);
        let Some(asked) = ask.clock else {
            // A person climbs no ladder: one up is one rank up.
            let wanted = ask.level.map_or_else(|| held.above(), Level::of_escalation);
            let is_there = present > 0 && wanted <= held;
            return Ok((!is_there).then(|| (ask.level.map_or(next, |level| level.max(next)), wanted.max(held))));
        };
        let Some(clock) = self.after.clock(asked.kind).filter(|clock| clock.is_running()) else {
            let state = self.after.clock(asked.kind).map_or(ClockState::Cancelled, |clock| clock.state);
            return Err(Refusal::ClockNotRunning { state });
        };
        if asked.epoch != clock.epoch {
            return Err(Refusal::EpochStale { present: clock.epoch });
        }
        let level = ask.level.unwrap_or(next);
        let role = self.rules.role(&self.after, asked.kind, level).unwrap_or(Level::of_escalation(level));
        Ok((level > clock.acted_level).then_some((level, role.max(held))))
    }

    /// The time that a level promises. The monitor counted it from when the level fired; where it has passed on the way here, as when we were
    /// down, the level has its term from now on: a citizen is not told to expect an answer at a time that is over.
    fn level_promise(&self, ask: &Escalate, level: u8) -> Option<Timestamp> {
        let given = ask.level_due_time.filter(|time| *time > self.now);
        given.or_else(|| self.rules.level_end(&self.after, ask.clock?.kind, level, self.now))
    }

    /// Who gets it at that level; `None` when it stays with a member on duty who stands that high already.
    fn receiver(&self, wanted: Level, candidates: &[Member]) -> Option<Handed> {
        let holder = candidates.iter().find(|member| Some(&member.id) == self.after.assignee.as_ref());
        if holder.is_some_and(|member| member.on_duty && member.level >= wanted) {
            return None;
        }
        let target = escalation_target(candidates, &self.after.group, wanted);
        Some(target.map_or(Handed::Queue(wanted), |member| Handed::To(member.id.clone())))
    }

    pub(in crate::domain) fn acknowledge(&mut self) -> Result<(), Refusal> {
        if self.after.escalation.level == 0 {
            return Err(Refusal::NotEscalated);
        }
        self.only_assignee()?;
        if self.after.escalation.acknowledge_time.is_none() {
            let (level, state) = (Some(self.after.escalation.level), self.after.state);
            self.record(Event::EscalationAcknowledged { level }, state);
        }
        self.begin();
        Ok(())
    }
}
