//! What each command does where its state allows it.
//!
//! The order of events is the order in which they count (peers, pain 2): a message before the state that follows from it, and
//! a first answer before the pause that the same command begins, so that a clock is met and not paused.

mod body;
mod escalation;
mod extension;
mod pause;
mod rebase;

use jiff::Timestamp;

use super::actor::Actor;
use super::appeal::Appeal;
use super::assurance::{Assertion, AssuranceLevel};
use super::clocks::{Clock, Suspension};
use super::event::{Event, NewDue, NoticeNote, Recorded, RungNote};
use super::extension::Lapse;
use super::kinds::{Channel, ClockKind, State, SuspensionReason};
use super::message::{Author, MessageMeta, Visibility};
use super::outcome::{DeadlineOutcome, NoticeOutcome, RungOutcome};
use super::refusal::Refusal;
use super::staff::{Member, suitable};
use super::state::Decision;
use super::terms::Rules;

/// The kind of notice that the SLA monitor sends with a level of its ladder.
const REPEAT: &str = "overdue_repeat";

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

    /// Somebody has it from now on, where that is still to come.
    fn begin(&mut self) {
        if self.after.acceptance.as_ref().is_some_and(Clock::is_running) {
            let state = self.after.state;
            self.record(Event::Accepted, state);
        }
    }

    /// A message that the citizen sees: by a person it is the first answer (peers T-03), or the next one where they wait for that.
    fn answer(&mut self, message: i64) {
        if self.author() != Author::Staff {
            return;
        }
        self.begin();
        let state = self.after.state;
        if !self.after.first_answer.is_over() {
            self.record(Event::FirstAnswered { message }, state);
        } else if self.after.next_answer.as_ref().is_some_and(Clock::is_running) {
            self.record(Event::NextAnswered { message }, state);
        }
    }

    /// The applicant waits for an answer from now on. Before the first one its own clock tells so, and who waits already waits since then.
    /// Where the term can't be computed, past the calendar's horizon, nothing is promised: nobody's message is refused for that.
    fn begin_waiting(&mut self) {
        let waits = self.after.next_answer.as_ref().is_some_and(Clock::is_running);
        if waits || !self.after.first_answer.is_over() || self.after.state.is_paused() {
            return;
        }
        if let Some(term) = self.rules.begun(&self.after, ClockKind::NextAnswer, self.now) {
            let epoch = self.after.next_answer.as_ref().map_or(0, |clock| clock.epoch) + 1;
            let state = self.after.state;
            self.record(Event::AnswerAwaited { epoch, term }, state);
        }
    }

    pub(super) fn post(&mut self, visibility: Visibility, channel: Option<Channel>) {
        let message = self.message(visibility, channel);
        let begins = self.after.state == State::Assigned && visibility == Visibility::Public && self.is_assignee();
        let state = if begins { State::InProgress } else { self.after.state };
        let author = self.author();
        self.record(Event::MessagePosted { message, author, visibility }, state);
        if visibility == Visibility::Public {
            self.answer(message);
            if author == Author::Applicant {
                self.begin_waiting();
            }
        }
    }

    pub(super) fn assign(&mut self, member: &Member) -> Result<(), Refusal> {
        if self.after.assignee.as_ref() == Some(&member.id) {
            // It was handed up to them, and they take it.
            if self.after.acceptance.as_ref().is_some_and(Clock::is_running) {
                suitable(member, &self.after).map_err(Refusal::MemberNotSuitable)?;
                self.begin();
            }
            return Ok(());
        }
        suitable(member, &self.after).map_err(Refusal::MemberNotSuitable)?;
        let state = if self.after.state == State::Registered { State::Assigned } else { self.after.state };
        self.record(Event::Assigned { assignee: member.id.clone() }, state);
        self.begin();
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
        self.answer(message);
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
            resume_time: None,
            remind_time: None,
        });
        let anew = self.rules.reopened(&self.after, &suspensions, self.now)?;
        let (due_time, expected_time) = match &anew {
            Some(term) => (term.due_time, term.due_time),
            None => {
                let moved = self.rules.due(&self.after, ClockKind::Resolution, &suspensions, self.now)?;
                (moved.due_time, moved.expected_time)
            }
        };
        let epoch = self.after.resolution.epoch + 1;
        let due = vec![NewDue { clock: ClockKind::Resolution, epoch, due_time }];
        let state = if self.after.assignee.is_some() { State::InProgress } else { State::Registered };
        self.record(Event::Reopened { message, due, expected_time, anew }, state);
        if self.author() == Author::Applicant {
            self.begin_waiting();
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self) {
        self.lapse(Lapse::AppealEnded);
        self.record(Event::Withdrawn, State::Withdrawn);
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
                level: u8::try_from(level).ok(),
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
