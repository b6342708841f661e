//! A re-base: a set of policies applied to what was promised before it.
//!
//! ```text
//!   RUNNING ──a pass found nothing to ask for, and all is answered──► COMPLETE
//!      └──────an administrator─────────────────────────────────────► STOPPED
//!
//!   each clock:  PENDING ──the ticket service answers──► REBASED
//!                   └──────────────────────────────────► UNCHANGED, REFUSED
//! ```
//!
//! It goes through the deadlines by their ids, and is as far as its row says. A page, the calls that follow from it, their entries and the new
//! position are one transaction. What was promised under the old set and is told of only when the pass has gone by is found by the next one: there
//! are passes until one that began a minute after the re-base finds nothing. By then every replica promises by the set in force, and what was on
//! its way has come; an appeal that is reopened later stays as it was promised. What was asked for is answered for within a day, if only by EXPIRED.

use ::deadline::ClockKind;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// One.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// Within its name.
    pub id: Uuid,
    /// Version of the set.
    pub policy_version: i64,
    /// Content hash of the set.
    pub policy_hash: String,
    /// Where it stands.
    pub state: RebaseState,
    /// Most deadlines that are asked for in a second.
    pub per_second: u32,
    /// Why.
    pub note: String,
    /// Who began it.
    pub author: String,
    /// When.
    pub create_time: Timestamp,
    /// When it ended.
    pub end_time: Option<Timestamp>,
    /// The last deadline that was looked at.
    pub position: Uuid,
    /// When to go on.
    pub next_time: Timestamp,
    /// When the pass under way began.
    pub pass_time: Timestamp,
    /// Deadlines that it has looked at.
    pub looked: i64,
    /// Those of them that it asked for.
    pub pass_asked: i64,
    /// Those that were asked for in all passes.
    pub asked: i64,
}

/// Until a pass begins that may be the last.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// Where a re-base stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebaseState {
    Running,
    Complete,
    Stopped,
}

/// What a re-base did to one clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebaseEntry {
    pub deadline: Uuid,
    pub clock: ClockKind,
    pub old_due_time: Option<Timestamp>,
    pub due_time: Option<Timestamp>,
    pub outcome: EntryOutcome,
    pub reason: Option<String>,
    pub ask_time: Timestamp,
    pub settle_time: Option<Timestamp>,
}

/// What became of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryOutcome {
    /// The ticket service has not answered.
    Pending,
    /// It is promised under the set.
    Rebased,
    /// It was over by then, or under the set already.
    Unchanged,
    /// It was left as it was.
    Refused,
}

/// Entries of a re-base, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebaseTally {
    pub pending: i64,
    pub rebased: i64,
    /// Of these those that are due at another time.
    pub moved: i64,
    pub refused: i64,
}

// === impl Rebase ===

impl Rebase {
    /// Goes on behind `last`, the last of `looked` deadlines of which `asked` were asked for; later by as much as they may take. `None`: the pass
    /// has looked at all, and as the last one it ends once nothing `is_pending`.
    pub fn go_on(&mut self, last: Option<Uuid>, looked: i64, asked: i64, is_pending: bool, now: Timestamp) {
        self.looked += looked;
        self.pass_asked += asked;
        self.asked += asked;
        let pause = SignedDuration::from_millis(asked * 1_000 / i64::from(self.per_second.max(1)));
        self.next_time = later(now, pause);
        let settled = later(self.create_time, GRACE);
        match last {
            Some(last) => self.position = last,
            // Behind every deadline there is nothing to be looked at again.
            None if self.pass_asked == 0 && self.pass_time >= settled && is_pending => {
                self.position = Uuid::max();
                self.wait(now);
            }
            None if self.pass_asked == 0 && self.pass_time >= settled => {
                (self.state, self.end_time) = (RebaseState::Complete, Some(now));
            }
            None => {
                let next = self.next_time.max(settled);
                (self.position, self.next_time, self.pass_time) = (Uuid::nil(), next, next);
                (self.looked, self.pass_asked) = (0, 0);
            }
        }
    }

    /// Goes on later: too much of what was asked for is not answered.
    pub fn wait(&mut self, now: Timestamp) {
        self.next_time = later(now, SignedDuration::from_secs(1));
    }
}

// === impl RebaseState ===

impl RebaseState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Running, Self::Complete, Self::Stopped];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

// === impl EntryOutcome ===

impl EntryOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Rebased, Self::Unchanged, Self::Refused];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Rebased => "rebased",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }

    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
