//! What belongs to the rows of several deadlines, each with its own fault.

use std::collections::HashMap;

use ::store::Error;
use uuid::Uuid;

/// The clocks, or the rungs, by deadline. One that can't be read, such as by a value that a newer version of this service wrote, spoils its
/// deadline and none of those that were read along with it.
pub(super) struct Parts<T>(HashMap<Uuid, Result<Vec<T>, Error>>);

// === impl Parts ===

impl<T> Parts<T> {
    /// Adds a row; of several faults the first is kept.
    pub(super) fn add(&mut self, deadline: Uuid, read: Result<T, Error>) {
        let all = self.0.entry(deadline).or_insert_with(|| Ok(Vec::new()));
        match (all.as_mut(), read) {
            (Ok(all), Ok(part)) => all.push(part),
            (Ok(_), Err(fault)) => *all = Err(fault),
            (Err(_), _) => {}
        }
    }

    /// Those of a deadline; none are no fault.
    pub(super) fn take(&mut self, deadline: Uuid) -> Result<Vec<T>, Error> {
        self.0.remove(&deadline).unwrap_or_else(|| Ok(Vec::new()))
    }
}

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
