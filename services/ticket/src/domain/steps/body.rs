//! Another body is asked, and answers (L5). Nobody's clock pauses for that: the citizen is told the stage, and the term may be extended (L4).

use super::super::command::BodyOutcome;
use super::super::event::{Begun, Event};
use super::super::kinds::{ClockKind, State};
use super::super::message::Visibility;
use super::super::refusal::Refusal;
use super::Deciding;

// === impl Deciding ===

impl Deciding<'_> {
    /// Where the term can't be computed, past the calendar's horizon, nothing is promised of the answer: asking is not refused for that.
    pub(in crate::domain) fn ask_body(&mut self, body: &str) -> Result<(), Refusal> {
        self.only_assignee()?;
        // Who asks has begun with it.
        self.begin();
        let message = self.message(Visibility::Internal, None);
        let term = self.rules.begun(&self.after, ClockKind::OtherBody, self.now);
        let epoch = self.after.other_body.as_ref().map_or(0, |clock| clock.epoch) + 1;
        let clock = term.map(|term| Begun { epoch, term });
        self.record(Event::BodyAsked { body: body.to_owned(), message, clock }, State::AwaitingOtherBody);
        Ok(())
    }

    pub(in crate::domain) fn record_body_answer(&mut self, outcome: BodyOutcome) -> Result<(), Refusal> {
        self.only_assignee()?;
        self.begin();
        let message = self.message(Visibility::Internal, None);
        self.record(Event::BodyAnswered { outcome, message }, State::InProgress);
        Ok(())
    }
}
