//! One promise of an appeal, and what came of its ladder.

use jiff::Timestamp;

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub state: &'static str,
    pub epoch: i64,
    /// The epoch in which it began: what it did before was another wait of the applicant's.
    pub begun: i64,
    pub due_time: Option<Timestamp>,
    pub level: i64,
}

/// An escalation that the ticket service accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedUp {
    pub clock: String,
    pub epoch: i64,
    pub level: i64,
    pub time: Timestamp,
    pub expected_time: Option<Timestamp>,
}

/// What a warning is known by: each once for a clock, and for each wait of the next answer's and of another body's.
pub fn warning(clock: &str, epoch: i64, level: i64) -> String {
    if matches!(clock, "next_answer" | "other_body") {
        format!("{clock} {level} {epoch}")
    } else {
        format!("{clock} {level}")
    }
}

// === impl Clock ===

impl Clock {
    /// Not there.
    pub fn none() -> Self {
        Self { state: "none", epoch: 0, begun: 0, due_time: None, level: 0 }
    }

    /// One that runs.
    pub fn begun(epoch: i64, due: Timestamp) -> Self {
        Self { state: "running", epoch, begun: epoch, due_time: Some(due), level: 0 }
    }

    /// Nothing is owed any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, "met" | "cancelled")
    }

    /// Ends it, unless it has ended.
    pub fn end(&mut self, state: &'static str) {
        if self.state != "none" && !self.is_over() {
            (self.state, self.due_time) = (state, None);
        }
    }

    /// Pauses it, if it runs.
    pub fn pause(&mut self) {
        if self.state == "running" {
            (self.state, self.due_time) = ("paused", None);
        }
    }
}
