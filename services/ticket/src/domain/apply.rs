//! Events into the appeal. Nothing is decided and nothing computed here: an event carries what followed from it, so a journal
//! gives the same row under any later version of policies and calendars.

use super::appeal::{Appeal, Escalation};
use super::clocks::{Clock, ClockState, Suspension};
use super::command::BodyOutcome;
use super::event::{Escalated, Event, FiledEvent, Handed, NewDue, Proposed, Rebased, Recorded, Term};
use super::extension::{Extension, ExtensionState};
use super::kinds::{ClockKind, SuspensionReason};
use super::staff::Level;

impl Appeal {
    /// The appeal that a journal gives; `None` when it does not begin with a filing.
    pub fn replay<'a>(journal: impl IntoIterator<Item = &'a Recorded>) -> Option<Self> {
        let mut journal = journal.into_iter();
        let first = journal.next()?;
        let Event::Filed(filed) = &first.event else { return None };
        let mut appeal = Self::filed(first, filed);
        journal.for_each(|recorded| appeal.apply(recorded));
        Some(appeal)
    }

    fn filed(recorded: &Recorded, event: &FiledEvent) -> Self {
        Self {
            id: event.id,
            number: event.number,
            state: recorded.state,
            channel: event.channel,
            category: event.category.clone(),
            kind: event.kind,
            priority: event.priority,
            group: event.group.clone(),
            required_assurance: event.required_assurance,
            required_action: event.required_action.clone(),
            citizen: event.citizen,
            filed_by: recorded.actor.clone(),
            language: event.language.clone(),
            time_zone: event.time_zone.clone(),
            region: event.region.clone(),
            promise: event.promise.clone(),
            acceptance: event.acceptance.as_ref().map(|term| started(ClockKind::Acceptance, 1, recorded, term)),
            first_answer: started(ClockKind::FirstAnswer, 1, recorded, &event.first_answer),
            next_answer: None,
            other_body: None,
            resolution: started(ClockKind::Resolution, 1, recorded, &event.resolution),
            suspensions: Vec::new(),
            extensions: Vec::new(),
            expected_time: Some(event.resolution.due_time),
            resolve_time: None,
            escalation: Escalation::default(),
            assignee: None,
            queue_level: event.queue_level,
            confirmed: None,
            confirmed_citizen: None,
            answer_message: None,
            last_message: 0,
            last_event: recorded.number,
            version: recorded.number,
            revision: recorded.number,
            create_time: recorded.time,
            update_time: recorded.time,
        }
    }

    /// Takes the next event in.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.state = recorded.state;
        self.last_event = recorded.number;
        if !recorded.event.is_note() {
            self.version = recorded.number;
            self.update_time = recorded.time;
        }
        if recorded.event.moves_clocks() {
            self.revision = recorded.number;
        }
        match &recorded.event {
            // Only ever the first event, which makes the appeal.
            Event::Filed(_) => {}
            Event::Assigned { assignee } => self.assignee = Some(assignee.clone()),
            Event::Accepted => self.acceptance.iter_mut().for_each(|clock| end(clock, ClockState::Met, recorded)),
            Event::MessagePosted { message, .. } => self.last_message = *message,
            Event::FirstAnswered { message } => {
                self.last_message = self.last_message.max(*message);
                end(&mut self.first_answer, ClockState::Met, recorded);
            }
            Event::AnswerAwaited { epoch, term } => {
                self.next_answer = Some(started(ClockKind::NextAnswer, *epoch, recorded, term));
            }
            Event::NextAnswered { message } => {
                self.last_message = self.last_message.max(*message);
                self.next_answer.iter_mut().for_each(|clock| end(clock, ClockState::Met, recorded));
            }
            Event::InfoRequested { message, suspension, resume_time, remind_time, .. } => {
                self.last_message = *message;
                self.pause();
                self.suspensions.push(Suspension {
                    reason: *suspension,
                    actor: recorded.actor.clone(),
                    start_time: recorded.time,
                    end_time: None,
                    resume_time: *resume_time,
                    remind_time: *remind_time,
                });
            }
            Event::ApplicantReminded => {
                if let Some(open) = self.suspensions.last_mut().filter(|last| last.end_time.is_none()) {
                    open.remind_time = None;
                }
            }
            Event::PauseEnded { due, expected_time } => {
                self.close_suspension(recorded);
                self.run_on(due);
                self.expected_time = Some(*expected_time);
            }
            Event::InfoProvided { message, due, expected_time } => {
                self.last_message = message.unwrap_or(self.last_message);
                self.close_suspension(recorded);
                self.run_on(due);
                self.expected_time = Some(*expected_time);
            }
            Event::BodyAsked { message, clock, .. } => {
                self.last_message = *message;
                if let Some(begun) = clock {
                    self.other_body = Some(started(ClockKind::OtherBody, begun.epoch, recorded, &begun.term));
                }
            }
            Event::BodyAnswered { outcome, message } => {
                self.last_message = *message;
                let state = match outcome {
                    BodyOutcome::Answered => ClockState::Met,
                    BodyOutcome::GivenUp => ClockState::Cancelled,
                };
                self.other_body.iter_mut().for_each(|clock| end(clock, state, recorded));
            }
            Event::IdentityConfirmed { level, citizen } => {
                self.confirmed = Some(*level);
                self.confirmed_citizen = citizen.or(self.confirmed_citizen);
            }
            Event::Resolved { message } => {
                self.last_message = *message;
                self.answer_message = Some(*message);
                self.resolve_time = Some(recorded.time);
                // A confirmation is good for one resolution: a reopened appeal asks anew (peers I-09).
                self.confirmed = None;
                // The appeal was answered without that body, which nobody waits for any more.
                self.other_body.iter_mut().for_each(|clock| end(clock, ClockState::Cancelled, recorded));
                self.stop(ClockState::Met, recorded);
            }
            Event::Reopened { message, due, expected_time, anew } => {
                self.last_message = *message;
                self.answer_message = None;
                self.suspensions.extend(self.resolve_time.take().map(|from| Suspension {
                    reason: SuspensionReason::Resolved,
                    actor: recorded.actor.clone(),
                    start_time: from,
                    end_time: Some(recorded.time),
                    resume_time: None,
                    remind_time: None,
                }));
                self.run_on(due);
                if let Some(term) = anew {
                    // What it was extended by was of the term before.
                    self.extensions.clear();
                    self.resolution = started(ClockKind::Resolution, self.resolution.epoch, recorded, term);
                }
                self.expected_time = Some(*expected_time);
            }
            Event::Withdrawn => self.stop(ClockState::Cancelled, recorded),
            Event::Escalated(escalated) => self.escalate(escalated),
            Event::EscalationAcknowledged { .. } => self.escalation.acknowledge_time = Some(recorded.time),
            Event::ExtensionProposed(proposed) => self.propose(proposed, recorded),
            Event::Extended { due, expected_time } => {
                self.settle_extension(ExtensionState::Effective);
                self.run_on(due.as_slice());
                self.expected_time = *expected_time;
            }
            Event::ExtensionLapsed { .. } => self.settle_extension(ExtensionState::Lapsed),
            Event::Rebased(rebased) => self.rebase(rebased),
            Event::DeadlineWarned(_) | Event::RungNotActed(_) | Event::NoticeOutcome(_) => {}
        }
    }

    fn escalate(&mut self, escalated: &Escalated) {
        let Escalated { clock, level, role, expected_time, handed, unseen, .. } = escalated;
        if let Some(clock) = clock.and_then(|kind| self.clock_mut(kind)) {
            clock.acted_level = clock.acted_level.max(*level);
        }
        if *level > self.escalation.level {
            self.escalation = Escalation { level: *level, acknowledge_time: None };
        }
        self.queue_level = self.queue_level.max(role.unwrap_or(Level::of_escalation(*level)));
        if *unseen {
            self.escalation.acknowledge_time = None;
        }
        self.expected_time = expected_time.or(self.expected_time);
        match handed {
            Some(Handed::To(member)) => self.assignee = Some(member.clone()),
            Some(Handed::Queue(_)) => self.assignee = None,
            None => {}
        }
    }

    /// One that lapsed makes room: what became of it is in the journal.
    fn propose(&mut self, proposed: &Proposed, recorded: &Recorded) {
        self.extensions.retain(Extension::is_effective);
        self.extensions.push(Extension {
            state: ExtensionState::Proposed,
            reason: proposed.reason,
            length: proposed.length,
            due_time: proposed.due_time,
            propose_time: recorded.time,
            notice: proposed.notice,
        });
    }

    pub(super) fn settle_extension(&mut self, state: ExtensionState) {
        if let Some(last) = self.extensions.last_mut().filter(|last| last.is_proposed()) {
            last.state = state;
        }
    }

    fn rebase(&mut self, rebased: &Rebased) {
        self.promise = rebased.promise.clone();
        for term in &rebased.terms {
            let Some(clock) = self.clock_mut(term.clock) else { continue };
            (clock.epoch, clock.due_time, clock.allowance) = (term.epoch, term.due_time, term.allowance);
            (clock.calendar, clock.calendar_version) = (term.calendar.clone(), term.calendar_version);
        }
        self.expected_time = rebased.expected_time;
    }

    fn pause(&mut self) {
        for kind in ClockKind::FROM_FILING {
            let Some(clock) = self.clock_mut(kind) else { continue };
            if clock.is_running() {
                clock.state = ClockState::Paused;
                clock.due_time = None;
            }
        }
        self.expected_time = None;
    }

    fn run_on(&mut self, due: &[NewDue]) {
        for NewDue { clock, epoch, due_time } in due {
            let Some(clock) = self.clock_mut(*clock) else { continue };
            clock.state = ClockState::Running;
            clock.epoch = *epoch;
            clock.due_time = Some(*due_time);
            clock.end_time = None;
        }
    }

    /// Ends every clock that is not over yet.
    fn stop(&mut self, state: ClockState, recorded: &Recorded) {
        self.close_suspension(recorded);
        for kind in ClockKind::ALL {
            self.clock_mut(kind).into_iter().for_each(|clock| end(clock, state, recorded));
        }
        self.expected_time = None;
    }

    fn close_suspension(&mut self, recorded: &Recorded) {
        if let Some(open) = self.suspensions.last_mut().filter(|last| last.end_time.is_none()) {
            open.end_time = Some(recorded.time);
        }
    }
}

fn started(kind: ClockKind, epoch: i64, recorded: &Recorded, term: &Term) -> Clock {
    Clock {
        kind,
        state: ClockState::Running,
        epoch,
        start_time: recorded.time,
        start_epoch: epoch,
        due_time: Some(term.due_time),
        end_time: None,
        allowance: term.allowance,
        calendar: term.calendar.clone(),
        calendar_version: term.calendar_version,
        acted_level: 0,
    }
}

fn end(clock: &mut Clock, state: ClockState, recorded: &Recorded) {
    if !clock.is_over() {
        clock.state = state;
        clock.due_time = None;
        clock.end_time = Some(recorded.time);
    }
}
