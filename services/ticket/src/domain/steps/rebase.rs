//! The step of a re-base: an administrator has decided that a change of policies or calendars is to hold for what was promised before it too.

use super::super::event::Event;
use super::super::refusal::Refusal;
use super::Deciding;

impl Deciding<'_> {
    /// Promises it under the set of that hash, unless it is under a newer one. While the citizen is being told of an extension the due time that they are told of stands.
    pub(in crate::domain) fn rebase(&mut self, set: &str) -> Result<(), Refusal> {
        if self.after.promise.set_hash == set || self.rules.is_newer(&self.after.promise, set) {
            return Ok(());
        }
        if self.after.proposal().is_some() {
            return Err(Refusal::ExtensionProposed);
        }
        let rebased = self.rules.rebased(&self.after, set, self.now)?;
        let state = self.after.state;
        self.record(Event::Rebased(Box::new(rebased)), state);
        Ok(())
    }
}
