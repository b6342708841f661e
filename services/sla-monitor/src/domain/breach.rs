//! What happened to promises, for those who watch them all (S-20).

use ::deadline::{ClockKind, Holder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::closing::{Outcome, Tally};
use super::deadline::Deadline;
use super::policies::Policies;
use super::rung::{Rung, RungState};
use super::times::micros;

/// Something that happened to a promise. It says what was so then, and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What happened.
    pub event: BreachEvent,
    /// The uid of the appeal.
    pub deadline: Uuid,
    /// The appeal's number.
    pub number: String,
    /// Which promise.
    pub clock: ClockKind,
    /// Its epoch.
    pub epoch: i64,
    /// The level: 0 and below a warning, 1 the breach. Of an end, the highest that acted.
    pub level: i16,
    /// Id of the policy.
    pub policy: String,
    /// Id of the category.
    pub category: String,
    /// Id of the priority.
    pub priority: String,
    /// Id of the channel.
    pub channel: String,
    /// Id of the group.
    pub group: Option<String>,
    /// When it was due, or after a level's term is due next; `None` while paused, or where it is not known.
    pub due_time: Option<Timestamp>,
    /// When it happened.
    pub event_time: Timestamp,
    /// The expected time that the level promises.
    pub promise_time: Option<Timestamp>,
    /// The role of who has it, or gets it, once a level has; name of a [`Holder`].
    pub holder: Option<String>,
    /// Why nobody acted, UPPER_SNAKE.
    pub reason: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreachEvent {
    /// It nears its due time.
    Warned,
    /// It is past it.
    Breached,
    /// A level's own time has passed too.
    Raised,
    /// A level has it.
    Accepted,
    /// A level does not get it.
    Refused,
    /// What was promised was done late.
    MetLate,
    /// It was late when nothing was owed any more.
    CancelledLate,
    /// What was done late was not the end of it.
    Reopened,
}

/// A place in the log: the transaction that wrote the entry, and its number. Entries are told in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The transaction.
    pub xact: i64,
    /// The entry.
    pub entry: i64,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub position: Position,
    /// What it says.
    pub breach: Breach,
}

// === impl Deadline ===

impl Deadline {
    /// What a rung that has just moved on in a tick tells. A superseded one tells it with the reason why nobody acted.
    pub fn fell_due(&self, rung: &Rung, now: Timestamp, policies: &Policies) -> Breach {
        let event = match rung.key.level {
            ..=0 => BreachEvent::Warned,
            1 => BreachEvent::Breached,
            _ => BreachEvent::Raised,
        };
        let gets_it = (rung.state == RungState::Fired).then(|| policies.holder(self, rung.key.clock, rung.key.level));
        Breach {
            event,
            level: rung.key.level,
            epoch: rung.key.epoch,
            promise_time: rung.promise_time,
            holder: gets_it.unwrap_or_else(|| self.held_by(rung.key.clock, policies)).map(name),
            reason: rung.reason.clone(),
            ..self.said(rung.key.clock, event, rung.act_time.unwrap_or(now))
        }
    }

    /// What the ticket service's answer to a hand-over tells.
    pub fn answered(&self, rung: &Rung, now: Timestamp, policies: &Policies) -> Breach {
        let event = if rung.state == RungState::Acted { BreachEvent::Accepted } else { BreachEvent::Refused };
        Breach {
            level: rung.key.level,
            epoch: rung.key.epoch,
            promise_time: rung.promise_time,
            holder: self.held_by(rung.key.clock, policies).map(name),
            reason: rung.reason.clone(),
            ..self.said(rung.key.clock, event, now)
        }
    }

    /// What ended late, or had so ended and goes on.
    pub fn ended_late(&self, tallies: &[Tally], policies: &Policies) -> Vec<Breach> {
        tallies.iter().filter_map(|it| self.ended(it, policies)).collect()
    }

    fn ended(&self, tally: &Tally, policies: &Policies) -> Option<Breach> {
        let closing = &tally.closing;
        let clock = closing.cell.clock;
        let (event, event_time) = match (closing.outcome, tally.taken_back) {
            (Outcome::Late, false) => (BreachEvent::MetLate, closing.end_time),
            (Outcome::CancelledLate, false) => (BreachEvent::CancelledLate, closing.end_time),
            (Outcome::Late | Outcome::CancelledLate, true) => (BreachEvent::Reopened, self.update_time),
            (Outcome::Kept | Outcome::Cancelled | Outcome::Unmeasured, _) => return None,
        };
        Some(Breach {
            level: self.acted(clock).map_or(0, |rung| rung.key.level.max(0)),
            epoch: closing.epoch,
            due_time: closing.due_time,
            holder: self.held_by(clock, policies).map(name),
            ..self.said(clock, event, event_time)
        })
    }

    fn said(&self, clock: ClockKind, event: BreachEvent, event_time: Timestamp) -> Breach {
        let promise = &self.promise;
        Breach {
            event,
            deadline: self.id,
            number: promise.number.clone(),
            clock,
            epoch: 0,
            level: 0,
            policy: promise.policy.clone(),
            category: promise.category.clone(),
            priority: promise.priority.clone(),
            channel: promise.channel.clone(),
            group: promise.group.clone(),
            due_time: promise.clock(clock).and_then(|clock| clock.due_time),
            event_time: micros(event_time),
            promise_time: None,
            holder: None,
            reason: None,
        }
    }

    /// The highest rung of a clock that acted since it began.
    fn acted(&self, clock: ClockKind) -> Option<&Rung> {
        let clock = self.promise.clock(clock)?;
        let acted = |rung: &&Rung| rung.is_of(clock) && rung.state == RungState::Acted;
        self.rungs.iter().filter(acted).max_by_key(|rung| rung.key.level)
    }

    /// Who has a clock by the ladder: nobody in particular before a level has acted.
    fn held_by(&self, clock: ClockKind, policies: &Policies) -> Option<Holder> {
        policies.holder(self, clock, self.acted(clock)?.key.level)
    }
}

fn name(holder: Holder) -> String {
    holder.as_str().to_owned()
}

// === impl BreachEvent ===

impl BreachEvent {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::Warned,
        Self::Breached,
        Self::Raised,
        Self::Accepted,
        Self::Refused,
        Self::MetLate,
        Self::CancelledLate,
        Self::Reopened,
    ];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warned => "warned",
            Self::Breached => "breached",
            Self::Raised => "raised",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::MetLate => "met_late",
            Self::CancelledLate => "cancelled_late",
            Self::Reopened => "reopened",
        }
    }

    /// The event of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}
