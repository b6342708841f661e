//! What each command does where its state allows it.
//!
//! The order of events is the order in which they count (peers, pain 2): a message before the state that follows from it, and
//! a first answer before the pause that the same command begins, so that a clock is met and not paused.

mod extension;
mod rebase;

use jiff::Timestamp;

use super::actor::Actor;
use super::appeal::Appeal;
use super::assurance::{Assertion, AssuranceLevel};
use super::clocks::{ClockState, Suspension};
use super::command::{Escalate, Need};
use super::event::{Escalated, Event, Handed, NewDue, NoticeNote, Recorded, RungNote};
use super::extension::Lapse;
use super::kinds::{Channel, ClockKind, State, SuspensionReason};
use super::message::{Author, MessageMeta, Visibility};
use super::outcome::{DeadlineOutcome, NoticeOutcome, RungOutcome};
use super::refusal::Refusal;
use super::staff::{Level, Member, escalation_target, suitable};
use super::state::Decision;
use super::terms::Rules;

/// The kind of notice that the SLA monitor sends with a level of its ladder.
const REPEAT: &str = "overdue_repeat";
/// Above it there is nobody to hand an appeal to.
const TOP: u8 = 2;

/// A decision in the making.
pub(super) struct Deciding<'a> {
    by: &'a Actor,
    now: Timestamp,
    rules: &'a Rules<'a>,
    after: Appeal,
    events: Vec<Recorded>,
    message: Option<MessageMeta>,
}

// === impl Deciding ===

impl<'a> Deciding<'a> {
    pub(super) fn new(appeal: &Appeal, by: &'a Actor, now: Timestamp, rules: &'a Rules<'a>) -> Self {
        Self { by, now, rules, after: appeal.clone(), events: Vec::new(), message: None }
    }

    pub(super) fn done(self) -> Decision {
        Decision { events: self.events, after: self.after, message: self.message }
    }

    fn record(&mut self, event: Event, state: State) {
        let recorded =
            Recorded { number: self.after.last_event + 1, time: self.now, actor: self.by.clone(), state, event };
        self.after.apply(&recorded);
        self.events.push(recorded);
    }

    /// Makes the message that carries the command's text, and gives its number.
    fn message(&mut self, visibility: Visibility, channel: Option<Channel>) -> i64 {
        let number = self.after.last_message + 1;
        self.message = Some(MessageMeta {
            number,
            author: self.author(),
            member: self.by.staff().map(str::to_owned),
            visibility,
            channel: channel.unwrap_or(self.after.channel),
            create_time: self.now,
        });
        number
    }

    /// Who filed an anonymous applicant's appeal speaks for them: the portal brings what the form's user typed.
    fn author(&self) -> Author {
        match self.by {
            Actor::Citizen(_) => Author::Applicant,
            Actor::Staff(_) => Author::Staff,
            Actor::System(_) if self.after.citizen.is_none() && *self.by == self.after.filed_by => Author::Applicant,
            Actor::System(_) => Author::System,
        }
    }

    fn is_assignee(&self) -> bool {
        self.by.staff().is_some() && self.by.staff() == self.after.assignee.as_deref()
    }

    fn only_assignee(&self) -> Result<(), Refusal> {
        if self.is_assignee() { Ok(()) } else { Err(Refusal::NotAssignee) }
    }

    /// The first message by a person that the citizen sees (peers T-03). Nothing when there was one.
    fn first_answer(&mut self, message: i64) {
        if self.author() == Author::Staff && !self.after.first_answer.is_over() {
            let state = self.after.state;
            self.record(Event::FirstAnswered { message }, state);
        }
    }

    pub(super) fn post(&mut self, visibility: Visibility, channel: Option<Channel>) {
        let message = self.message(visibility, channel);
        let begins = self.after.state == State::Assigned && visibility == Visibility::Public && self.is_assignee();
        let state = if begins { State::InProgress } else { self.after.state };
        let author = self.author();
        self.record(Event::MessagePosted { message, author, visibility }, state);
        if visibility == Visibility::Public {
            self.first_answer(message);
        }
    }

    pub(super) fn assign(&mut self, member: &Member) -> Result<(), Refusal> {
        if self.after.assignee.as_ref() == Some(&member.id) {
            return Ok(());
        }
        suitable(member, &self.after).map_err(Refusal::MemberNotSuitable)?;
        let state = if self.after.state == State::Registered { State::Assigned } else { self.after.state };
        self.record(Event::Assigned { assignee: member.id.clone() }, state);
        Ok(())
    }

    pub(super) fn ask(&mut self, need: Need) -> Result<(), Refusal> {
        self.only_assignee()?;
        let (state, suspension) = match need {
            Need::Information => (State::AwaitingApplicant, SuspensionReason::AwaitingApplicant),
            Need::Verification => (State::AwaitingVerification, SuspensionReason::AwaitingVerification),
        };
        let message = self.message(Visibility::Public, None);
        self.first_answer(message);
        self.record(Event::InfoRequested { message, need, suspension }, state);
        Ok(())
    }

    pub(super) fn provide(&mut self, text: bool, assertion: Option<&Assertion>) -> Result<(), Refusal> {
        let needed = self.after.required_assurance.max(AssuranceLevel::Simplified);
        match self.after.state {
            State::AwaitingVerification if assertion.is_none() => {
                return Err(Refusal::AssuranceRequired { level: needed });
            }
            State::AwaitingApplicant if !text => return Err(Refusal::TextRequired),
            _ => {}
        }
        if let Some(assertion) = assertion {
            self.confirm(assertion, needed)?;
        }
        let mut suspensions = self.after.suspensions.clone();
        if let Some(open) = suspensions.last_mut() {
            open.end_time = Some(self.now);
        }
        let mut due = Vec::new();
        let mut expected_time = None;
        for kind in ClockKind::ALL {
            let clock = self.after.clock(kind);
            if clock.state == ClockState::Paused {
                let moved = self.rules.due(&self.after, kind, &suspensions, self.now)?;
                due.push(NewDue { clock: kind, epoch: clock.epoch + 1, due_time: moved.due_time });
                expected_time = Some(moved.expected_time);
            }
        }
        // The resolution clock comes last and is paused in every paused state.
        let expected_time =
            expected_time.ok_or_else(|| Refusal::Broken("a paused appeal has a paused clock".into()))?;
        let message = text.then(|| self.message(Visibility::Public, None));
        self.record(Event::InfoProvided { message, due, expected_time }, State::InProgress);
        Ok(())
    }

    fn confirm(&mut self, assertion: &Assertion, needed: AssuranceLevel) -> Result<(), Refusal> {
        let level = assertion.check(&self.after, needed, self.now)?;
        let state = self.after.state;
        self.record(Event::IdentityConfirmed { level, citizen: Some(assertion.citizen) }, state);
        Ok(())
    }

    pub(super) fn resolve(&mut self, assertion: Option<&Assertion>) -> Result<(), Refusal> {
        self.only_assignee()?;
        let required = self.after.required_assurance;
        if let Some(assertion) = assertion {
            self.confirm(assertion, required)?;
        }
        if self.after.confirmed.unwrap_or(AssuranceLevel::None) < required {
            return Err(Refusal::AssuranceRequired { level: required });
        }
        self.lapse(Lapse::AppealEnded);
        let message = self.message(Visibility::Public, None);
        self.first_answer(message);
        self.record(Event::Resolved { message }, State::Resolved);
        Ok(())
    }

    pub(super) fn reopen(&mut self) -> Result<(), Refusal> {
        let resolved = self.after.resolve_time.ok_or_else(|| Refusal::Broken("resolved without a time".into()))?;
        let until = self.rules.reopen_until(resolved)?;
        if self.now > until {
            return Err(Refusal::ReopenWindowPassed { until });
        }
        let message = self.message(Visibility::Public, None);
        let mut suspensions = self.after.suspensions.clone();
        suspensions.push(Suspension {
            reason: SuspensionReason::Resolved,
            actor: self.by.clone(),
            start_time: resolved,
            end_time: Some(self.now),
        });
        let moved = self.rules.due(&self.after, ClockKind::Resolution, &suspensions, self.now)?;
        let epoch = self.after.resolution.epoch + 1;
        let due = vec![NewDue { clock: ClockKind::Resolution, epoch, due_time: moved.due_time }];
        let state = if self.after.assignee.is_some() { State::InProgress } else { State::Registered };
        self.record(Event::Reopened { message, due, expected_time: moved.expected_time }, state);
        Ok(())
    }

    pub(super) fn escalate(&mut self, ask: &Escalate, candidates: &[Member]) -> Result<(), Refusal> {
        let present = self.after.escalation.level;
        let level = ask.level.unwrap_or(present.saturating_add(1).min(TOP.max(present)));
        if let Some(asked) = ask.clock {
            let clock = self.after.clock(asked.kind);
            if !clock.is_running() {
                return Err(Refusal::ClockNotRunning { state: clock.state });
            }
            if asked.epoch != clock.epoch {
                return Err(Refusal::EpochStale { present: clock.epoch });
            }
            if level <= clock.acted_level {
                return Ok(());
            }
        } else if level <= present {
            return Ok(());
        }
        if ask.clock.is_some_and(|clock| clock.kind == ClockKind::Resolution) {
            // The monitor fires at the due time, so this is when it has passed.
            self.lapse(Lapse::DueTimePassed);
        }
        let handed = (level > present).then(|| self.receiver(level, candidates)).flatten();
        let state = match (&handed, self.after.state) {
            (Some(Handed::To(_)), State::Registered) => State::Assigned,
            (Some(Handed::Queue(_)), State::Assigned) => State::Registered,
            (_, state) => state,
        };
        // The first answer's ladder promises a first answer, which is not what the citizen was told to expect.
        let tells =
            ask.clock.is_none_or(|clock| clock.kind == ClockKind::Resolution) && self.after.resolution.is_running();
        let event = Escalated {
            clock: ask.clock.map(|clock| clock.kind),
            epoch: ask.clock.map(|clock| clock.epoch),
            level,
            expected_time: self.level_promise(ask, level).filter(|_| tells),
            handed,
            lateness: ask.lateness,
            unseen: level <= present && self.after.escalation.acknowledge_time.is_some(),
        };
        self.record(Event::Escalated(event), state);
        Ok(())
    }

    /// The time that a level promises. The monitor counted it from when the level fired; where it has passed on the way here, as when we were
    /// down, the level has its term from now on: a citizen is not told to expect an answer at a time that is over.
    fn level_promise(&self, ask: &Escalate, level: u8) -> Option<Timestamp> {
        let given = ask.level_due_time.filter(|time| *time > self.now);
        given.or_else(|| self.rules.level_end(&self.after, ask.clock?.kind, level, self.now))
    }

    pub(super) fn withdraw(&mut self) {
        self.lapse(Lapse::AppealEnded);
        self.record(Event::Withdrawn, State::Withdrawn);
    }

    /// Who gets it at that level; `None` when it stays with a member on duty who stands that high already.
    fn receiver(&self, level: u8, candidates: &[Member]) -> Option<Handed> {
        let wanted = Level::of_escalation(level);
        let holder = candidates.iter().find(|member| Some(&member.id) == self.after.assignee.as_ref());
        if holder.is_some_and(|member| member.on_duty && member.level >= wanted) {
            return None;
        }
        let target = escalation_target(candidates, &self.after.group, wanted);
        Some(target.map_or(Handed::Queue(wanted), |member| Handed::To(member.id.clone())))
    }

    pub(super) fn acknowledge(&mut self) -> Result<(), Refusal> {
        if self.after.escalation.level == 0 {
            return Err(Refusal::NotEscalated);
        }
        self.only_assignee()?;
        if self.after.escalation.acknowledge_time.is_none() {
            let (level, state) = (Some(self.after.escalation.level), self.after.state);
            self.record(Event::EscalationAcknowledged { level }, state);
        }
        Ok(())
    }

    pub(super) fn note_deadline(&mut self, outcome: &DeadlineOutcome) {
        let DeadlineOutcome { clock, epoch, level, outcome_time, due_time, lateness, .. } = *outcome;
        let reason = outcome.reason.clone();
        let state = self.after.state;
        let event = match outcome.outcome {
            RungOutcome::Warned => {
                Event::DeadlineWarned(RungNote { clock, epoch, level, outcome_time, due_time, reason, lateness })
            }
            RungOutcome::Superseded => {
                Event::RungNotActed(RungNote { clock, epoch, level, outcome_time, due_time, reason, lateness })
            }
            RungOutcome::RepeatNotice(notice) => Event::NoticeOutcome(NoticeNote {
                notice: REPEAT.to_owned(),
                state: notice,
                outcome_time,
                notification: None,
                clock: Some(clock),
                epoch: Some(epoch),
                level: Some(level),
                reason,
            }),
        };
        self.record(event, state);
    }

    pub(super) fn note_notice(&mut self, outcome: &NoticeOutcome) {
        let state = self.after.state;
        let event = Event::NoticeOutcome(NoticeNote {
            notice: outcome.template.clone(),
            state: outcome.state,
            outcome_time: outcome.outcome_time,
            notification: Some(outcome.notification.clone()),
            clock: None,
            epoch: None,
            level: None,
            reason: outcome.reason.clone(),
        });
        self.record(event, state);
        self.settle_extension(outcome);
    }
}
