//! What is to be promised from now on: the rules of publishing a set.
//!
//! ```text
//!   base: the newest set ── document, removals ──► the next version: version + 1, effective not before the one before it
//! ```
//!
//! Versions are written one after the other, each as a change of the newest, so that two administrators who publish at the same moment do
//! not undo each other: the second is told to look again.

use ::deadline::{Edit, Import, Invalid, PolicySet, Published, Revision};
use jiff::{SignedDuration, Timestamp};

/// From publication to the default effective time: every replica looks for new sets each 5 s, and the call to the ticket service is
/// delivered within seconds.
const LEAD: SignedDuration = SignedDuration::from_secs(60);

/// Most bytes of a whole set: it travels in one call, of 4 MiB at most.
const SET_MAX: usize = 1024 * 1024;

/// Farthest effective time. One that was mistyped would hold up whatever is to count before it: sets follow each other.
const FARTHEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// What is asked to be published.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Which entries it may have.
    pub entries: Entries,
    /// What is given.
    pub given: Given,
    /// Ids of policies that are taken away.
    pub removed: Vec<String>,
    /// Version of the set that it was reviewed against.
    pub base: u32,
    /// From when on it counts; `None`: as soon as everybody knows it.
    pub effective_time: Option<Timestamp>,
    /// Why.
    pub note: String,
    /// Only look.
    pub validate_only: bool,
}

/// The new entries.
#[derive(Clone, Debug)]
pub enum Given {
    /// As TOML.
    Document(String),
    /// As a year of special days.
    Year(Import),
}

/// Which entries a document may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    Calendars,
    Policies,
}

/// A set that may be published.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub set: PolicySet,
    pub changes: Vec<Edit>,
    pub effective_time: Timestamp,
}

/// Why a set may not be published.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// The base is not the newest set.
    Stale,
    /// Fields and what is wrong with them, never nothing.
    Faults(Vec<(&'static str, String)>),
}

// === impl Publication ===

impl Publication {
    /// The set that follows the newest one.
    ///
    /// # Errors
    /// [`Unfit`], with everything that is wrong.
    pub fn prepare(&self, published: &Published, now: Timestamp) -> Result<Prepared, Unfit> {
        let newest = published.newest();
        if newest.set.version() != self.base {
            return Err(Unfit::Stale);
        }
        let mut faults = Vec::new();
        let earliest = newest.effective_time.map_or(now, |before| before.max(now));
        let lead = now.checked_add(LEAD).unwrap_or(Timestamp::MAX);
        let effective_time = self.effective_time.unwrap_or(earliest.max(lead));
        if effective_time < now {
            faults.push((
                "effective_time",
                "must not be in the past: what was promised since would be another promise".into(),
            ));
        } else if effective_time > now.checked_add(FARTHEST).unwrap_or(Timestamp::MAX) {
            faults.push(("effective_time", "must be within two years".into()));
        } else if effective_time < earliest {
            faults.push(("effective_time", format!("must not be before that of the set before it, {earliest}")));
        }
        let version = published.sets().map(|set| set.version()).max().unwrap_or_default().saturating_add(1);
        let document = match &self.given {
            Given::Document(document) => Ok(document.clone()),
            Given::Year(import) => newest.set.imported(import).map_err(|fault| vec![fault]),
        };
        match document.and_then(|document| newest.set.revised(version, &document, &self.removed)) {
            Ok(Revision { set, changes }) => {
                faults.extend(self.foreign(&changes));
                if set.to_toml().is_ok_and(|text| text.len() > SET_MAX) {
                    faults.push(("document", "would make a set of more than 1 MiB".into()));
                }
                if faults.is_empty() {
                    return Ok(Prepared { set, changes, effective_time });
                }
            }
            Err(invalid) => faults.extend(invalid.iter().map(|it| (self.field(it), it.to_string()))),
        }
        Err(Unfit::Faults(faults))
    }

    /// Entries that are not this call's to change.
    fn foreign(&self, changes: &[Edit]) -> Option<(&'static str, String)> {
        let (other, name) = match self.entries {
            Entries::Calendars => ("policy ", "policies"),
            Entries::Policies => ("calendar ", "calendars"),
        };
        let has = changes.iter().any(|change| change.entry.starts_with(other));
        has.then(|| ("document", format!("must not have {name}: they are published by another call")))
    }

    fn field(&self, fault: &Invalid) -> &'static str {
        match fault {
            Invalid::Policy { id, .. } if self.removed.contains(id) => "removed_policies",
            _ if matches!(self.given, Given::Year(_)) => "icalendar",
            _ => "document",
        }
    }
}
