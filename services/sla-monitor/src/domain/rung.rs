//! One step of a ladder.

use ::deadline::ClockKind;
use jiff::Timestamp;
use uuid::Uuid;

use super::promise::Clock;

/// What a rung is known by. Fires at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RungKey {
    /// The clock whose ladder it is.
    pub clock: ClockKind,
    /// The clock's epoch.
    pub epoch: i64,
    /// 0 is the warning, or the last of them: those before it count down. 1 is the breach, 2 and up follow.
    pub level: i16,
}

/// One step of a ladder in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Which.
    pub key: RungKey,
    /// Where it stands.
    pub state: RungState,
    /// The epoch in which its clock began, as it was armed for: kept for the promise that no level acts twice from one beginning.
    pub start_epoch: i64,
    /// How many extensions its clock's term had when it was armed.
    pub extensions: u8,
    /// When it is to fire; `None` while its clock is paused.
    pub fire_time: Option<Timestamp>,
    /// When it fired.
    pub act_time: Option<Timestamp>,
    /// When the ticket service's OK to it came; `None` where it is not known, of those before migration 0010.
    pub accept_time: Option<Timestamp>,
    /// The expected time that its level promises.
    pub promise_time: Option<Timestamp>,
    /// Why it was suppressed or superseded, or is due before its time, UPPER_SNAKE.
    pub reason: Option<String>,
    /// What became of the repeat notice, UPPER_SNAKE.
    pub notice: Option<String>,
    /// When that was known here.
    pub notice_time: Option<Timestamp>,
    /// The request id of that notice.
    pub notice_request_id: Option<Uuid>,
}

/// Where a rung stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RungState {
    /// Will fire.
    Armed,
    /// Fired; the ticket service has not answered yet.
    Fired,
    /// The ticket service accepted it, or it is a warning, which nobody has to accept.
    Acted,
    /// The ticket service refused it.
    Suppressed,
    /// A higher one fired in its place.
    Superseded,
}

// === impl Rung ===

impl Rung {
    /// True while it waits for its time.
    pub fn is_armed(&self) -> bool {
        self.state == RungState::Armed
    }

    /// Whether it is of what a clock promises since it began, in whatever epoch.
    pub fn is_of(&self, clock: &Clock) -> bool {
        self.key.clock == clock.kind && self.key.epoch >= clock.start_epoch
    }
}

// === impl RungState ===

impl RungState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Armed, Self::Fired, Self::Acted, Self::Suppressed, Self::Superseded];

    /// The name in the database and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Armed => "armed",
            Self::Fired => "fired",
            Self::Acted => "acted",
            Self::Suppressed => "suppressed",
            Self::Superseded => "superseded",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
