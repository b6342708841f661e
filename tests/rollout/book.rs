//! What was asked of the services, and what they answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Everything that is known outside.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub requests: usize,
    /// Why requests were repeated.
    pub retries: BTreeMap<String, usize>,
    pub faults: Vec<String>,
    pub done: Done,
    pub slowest: Duration,
    /// Given so far, so that no two people and no two messages are alike.
    numbers: usize,
}

/// Acknowledged writes, as their answers name them.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub filed: Vec<Filed>,
    /// Appeal and member, by a supervisor.
    pub assigned: BTreeSet<(String, String)>,
    /// Appeal and member, who took it.
    pub claimed: BTreeSet<(String, String)>,
    /// Message and text.
    pub posted: BTreeSet<(String, String)>,
    /// Appeal and answer.
    pub resolved: BTreeSet<(String, String)>,
    /// Citizen and phone.
    pub citizens: BTreeSet<(String, String)>,
    /// Requests of each method that were given up: each may have been done, once.
    pub open: BTreeMap<&'static str, usize>,
}

/// An acknowledged appeal.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The applicant's number as the SMS centre sees it.
    pub phone: String,
    pub name: String,
    pub number: String,
}

// === impl Book ===

impl Book {
    /// The next number.
    pub fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (retries, slowest) = (self.retries.values().sum::<usize>(), self.slowest.as_secs_f64());
        let Done { filed, resolved, .. } = &self.done;
        let (filed, resolved) = (filed.len(), resolved.len());
        write!(
            f,
            "requests {}, retries {retries}; filed {filed}, resolved {resolved}; slowest {slowest:.2} s",
            self.requests
        )
    }
}

// === impl Filed ===

impl Filed {
    /// The applicant's e-mail address.
    pub fn mailbox(&self) -> String {
        format!("{}@example.org", self.phone)
    }
}
