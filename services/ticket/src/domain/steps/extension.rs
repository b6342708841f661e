//! The steps of an extension (L4); its states are in `domain/extension.rs`.

use super::super::event::{Event, NewDue, Proposed};
use super::super::extension::{Extend, ExtensionState, Lapse};
use super::super::kinds::ClockKind;
use super::super::outcome::{NoticeOutcome, NoticeState};
use super::super::refusal::Refusal;
use super::Deciding;

impl Deciding<'_> {
    /// Proposes an extension, before the due time only.
    pub(in crate::domain) fn extend(&mut self, ask: &Extend) -> Result<(), Refusal> {
        self.only_assignee()?;
        let clock = &self.after.resolution;
        let Some(due) = clock.due_time else { return Err(Refusal::ClockNotRunning { state: clock.state }) };
        if due <= self.now {
            return Err(Refusal::DeadlinePassed { due });
        }
        if self.after.proposal().is_some() {
            return Err(Refusal::ExtensionProposed);
        }
        let due_time = self.rules.extension(&self.after, due, ask)?;
        let (reason, length, notice) = (ask.reason, ask.length, ask.notice);
        let state = self.after.state;
        self.record(Event::ExtensionProposed(Proposed { reason, length, old_due_time: due, due_time, notice }), state);
        Ok(())
    }

    /// What becomes of a proposed extension by an outcome of its notice: the one conditional update that makes it govern.
    pub(super) fn settle_extension(&mut self, outcome: &NoticeOutcome) {
        if self.after.proposal().is_none_or(|proposal| proposal.notice != outcome.send_request) {
            return;
        }
        match outcome.state {
            NoticeState::Queued => {}
            NoticeState::Failed | NoticeState::Expired | NoticeState::Dropped => self.lapse(Lapse::NoticeFailed),
            NoticeState::Sent | NoticeState::Delivered => {
                if self.after.resolution.due_time.is_some_and(|due| due <= self.now) {
                    self.lapse(Lapse::DueTimePassed);
                } else if self.take_effect().is_err() {
                    // What became of a notice is noted whatever it leads to.
                    self.lapse(Lapse::NotComputable);
                }
            }
        }
    }

    fn take_effect(&mut self) -> Result<(), Refusal> {
        let state = self.after.state;
        let mut granted = self.after.clone();
        granted.settle_extension(ExtensionState::Effective);
        let (mut due, mut expected_time) = (None, None);
        // While it is paused there is no due time; the one that follows has the extension in it.
        if granted.resolution.is_running() {
            let moved = self.rules.due(&granted, ClockKind::Resolution, &granted.suspensions, self.now)?;
            let epoch = granted.resolution.epoch + 1;
            due = Some(NewDue { clock: ClockKind::Resolution, epoch, due_time: moved.due_time });
            expected_time = Some(moved.expected_time);
        }
        self.record(Event::Extended { due, expected_time }, state);
        Ok(())
    }

    pub(super) fn lapse(&mut self, cause: Lapse) {
        if self.after.proposal().is_some() {
            let state = self.after.state;
            self.record(Event::ExtensionLapsed { cause }, state);
        }
    }
}
