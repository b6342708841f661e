//! The sets that were published, and which of them counts.
//!
//! ```text
//!   shipped 1   shipped 2 | published 3          published 4
//!   ────────────────────────────┬──────────────────────┬───────────► time
//!                               effective              effective
//!   new promises:   shipped 2   │      published 3     │  published 4
//! ```
//!
//! What is compiled in serves until somebody publishes; from then on a newer program's shipped set is only known, so that an
//! upgrade never changes what an installation has decided to promise. A promise stays under the set it was made under, which is
//! found by its content hash: version 3 of one installation is not version 3 of another.

use std::sync::Arc;

use jiff::Timestamp;

use crate::PolicySet;

/// A set with the instant from which on new promises are made under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edition {
    pub set: Arc<PolicySet>,
    /// `None` for what is compiled in: it was always there.
    pub effective_time: Option<Timestamp>,
}

/// Every set that is known, never none: what is compiled in first, then what was published by version.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    editions: Vec<Edition>,
    shipped: usize,
}

impl Published {
    /// Only what is compiled in.
    pub fn shipped() -> Self {
        let edition = |set: &PolicySet| Edition { set: Arc::new(set.clone()), effective_time: None };
        let editions: Vec<Edition> = PolicySet::shipped().iter().map(edition).collect();
        Self { shipped: editions.len(), editions }
    }

    /// The same with more sets. One whose version is known is left out: a published version never changes.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = (PolicySet, Timestamp)>) -> Self {
        for (set, effective_time) in more {
            if self.published().iter().all(|known| known.set.version() != set.version()) {
                self.editions.push(Edition { set: Arc::new(set), effective_time: Some(effective_time) });
            }
        }
        self.editions[self.shipped..].sort_by_key(|edition| edition.set.version());
        self.go_on();
        self
    }

    /// Lets the calendars of every set go on as the newest has them, so that what was promised under an older one can be computed for
    /// as long as anybody has published days.
    fn go_on(&mut self) {
        let newest = Arc::clone(&self.newest().set);
        let older = self.editions.iter_mut().filter(|edition| edition.set.version() != newest.version());
        older.for_each(|edition| edition.set = Arc::new(edition.set.continued_by(&newest)));
    }

    /// The set under which new promises are made: the last that is effective.
    pub fn in_force(&self, now: Timestamp) -> &Arc<PolicySet> {
        let effective = |edition: &&Edition| edition.effective_time.is_none_or(|time| time <= now);
        let found = self.editions.iter().rev().find(effective);
        &found.unwrap_or(&self.editions[0]).set
    }

    /// The set of that content hash, in lower-case hex.
    pub fn by_hash(&self, hash: &str) -> Option<&Arc<PolicySet>> {
        // The newest first: most promises are under it.
        self.sets().rev().find(|set| set.content_hash().is(hash))
    }

    /// Every set, the newest last.
    pub fn sets(&self) -> impl DoubleEndedIterator<Item = &Arc<PolicySet>> {
        self.editions.iter().map(|edition| &edition.set)
    }

    /// Every set with its effective time, the newest last.
    pub fn editions(&self) -> impl DoubleEndedIterator<Item = &Edition> {
        self.editions.iter()
    }

    /// The newest set, effective or not yet: what the next one is a change of.
    pub fn newest(&self) -> &Edition {
        self.editions.last().unwrap_or(&self.editions[0])
    }

    /// What was published here, by version.
    pub fn published(&self) -> &[Edition] {
        &self.editions[self.shipped..]
    }

    /// The highest version that was published here; 0 before any.
    pub fn latest_version(&self) -> u32 {
        self.published().last().map_or(0, |edition| edition.set.version())
    }
}
