//! Where the reconciler's pass is.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Drifts by kind.
pub type Counts = BTreeMap<String, u64>;

/// What a pass is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There is none under way.
    Rest,
    /// Our own rows, by primary key.
    Deadlines,
    /// What the ticket service promises.
    Appeals,
    /// What this pass did not find again is deleted.
    Sweep,
}

/// Where the reconciler is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Counts the passes: the one under way or, at rest, the last one.
    pub pass: i64,
    /// What it is at.
    pub phase: Phase,
    /// The last that was looked at in this phase; empty at its beginning.
    pub position: String,
    /// When the next page, or at rest the next pass, may begin.
    pub next_time: Timestamp,
    /// When the pass began.
    pub begin_time: Option<Timestamp>,
    /// Found so far in it.
    pub counts: Counts,
    /// The last pass that came to its end.
    pub whole_pass: i64,
    /// When it did.
    pub whole_time: Option<Timestamp>,
    /// What it found.
    pub whole_counts: Counts,
}

// === impl Place ===

impl Place {
    /// A new pass begins.
    pub fn begin(&mut self, now: Timestamp) {
        self.pass = self.pass.max(self.whole_pass) + 1;
        self.begin_time = Some(now);
        self.counts.clear();
        self.enter(Phase::Deadlines, now);
    }

    /// A phase begins, at that time.
    pub fn enter(&mut self, phase: Phase, next_time: Timestamp) {
        self.phase = phase;
        self.go_on(String::new(), next_time);
    }

    /// The phase goes on after `position`, at that time.
    pub fn go_on(&mut self, position: String, next_time: Timestamp) {
        (self.position, self.next_time) = (position, next_time);
    }

    /// The pass is whole.
    pub fn complete(&mut self, now: Timestamp) {
        (self.whole_pass, self.whole_time) = (self.pass, Some(now));
        self.whole_counts = self.counts.clone();
    }
}

// === impl Phase ===

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 4] = [Self::Rest, Self::Deadlines, Self::Appeals, Self::Sweep];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Deadlines => "deadlines",
            Self::Appeals => "appeals",
            Self::Sweep => "sweep",
        }
    }

    /// The phase of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }
}
