//! It is the applicant's turn, and no longer is.

use jiff::Timestamp;

use super::super::assurance::{Assertion, AssuranceLevel};
use super::super::clocks::ClockState;
use super::super::command::Need;
use super::super::event::{Event, NewDue};
use super::super::kinds::{State, SuspensionReason};
use super::super::message::Visibility;
use super::super::refusal::Refusal;
use super::Deciding;

// === impl Deciding ===

impl Deciding<'_> {
    pub(in crate::domain) fn ask(&mut self, need: Need) -> Result<(), Refusal> {
        self.only_assignee()?;
        let (state, suspension) = match need {
            Need::Information => (State::AwaitingApplicant, SuspensionReason::AwaitingApplicant),
            Need::Verification => (State::AwaitingVerification, SuspensionReason::AwaitingVerification),
        };
        let message = self.message(Visibility::Public, None);
        self.answer(message);
        let (resume_time, remind_time) = self.rules.waits(&self.after, self.now);
        self.record(Event::InfoRequested { message, need, suspension, resume_time, remind_time }, state);
        Ok(())
    }

    pub(in crate::domain) fn provide(&mut self, text: bool, assertion: Option<&Assertion>) -> Result<(), Refusal> {
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
        let (due, expected_time) = self.run_on()?;
        let message = text.then(|| self.message(Visibility::Public, None));
        self.record(Event::InfoProvided { message, due, expected_time }, State::InProgress);
        // Whoever brought it: it is our turn.
        self.begin_waiting();
        Ok(())
    }

    /// The new due times of the clocks that run again when the suspension ends now, and when the citizen may expect it.
    fn run_on(&self) -> Result<(Vec<NewDue>, Timestamp), Refusal> {
        let mut suspensions = self.after.suspensions.clone();
        if let Some(open) = suspensions.last_mut() {
            open.end_time = Some(self.now);
        }
        let mut due = Vec::new();
        let mut expected_time = None;
        for clock in self.after.clocks().filter(|clock| clock.state == ClockState::Paused) {
            let moved = self.rules.due(&self.after, clock.kind, &suspensions, self.now)?;
            due.push(NewDue { clock: clock.kind, epoch: clock.epoch + 1, due_time: moved.due_time });
            expected_time = Some(moved.expected_time);
        }
        // The resolution clock comes last and is paused in every paused state.
        let expected_time =
            expected_time.ok_or_else(|| Refusal::Broken("a paused appeal has a paused clock".into()))?;
        Ok((due, expected_time))
    }

    /// Ends the pause, or reminds of it, where the time for that has come. Nobody waits for an answer by its end: the applicant has said nothing.
    pub(in crate::domain) fn look_at_pause(&mut self, start_time: Timestamp) -> Result<(), Refusal> {
        let Some(open) = self.after.open_suspension().filter(|open| open.start_time == start_time) else {
            return Ok(());
        };
        let has_come = |time: Option<Timestamp>| time.is_some_and(|time| time <= self.now);
        if has_come(open.resume_time) {
            let (due, expected_time) = self.run_on()?;
            let state = if self.after.assignee.is_some() { State::InProgress } else { State::Registered };
            self.record(Event::PauseEnded { due, expected_time }, state);
        } else if has_come(open.remind_time) {
            let state = self.after.state;
            self.record(Event::ApplicantReminded, state);
        }
        Ok(())
    }
}
