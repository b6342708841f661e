//! What the ticket service promised: its clocks and the ledger of time that does not count.

use ::deadline::{Allowance, ClockKind, ExtensionReason, PolicySet, SuspensionReason, Term};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The whole state of an appeal's clocks at one revision. It is kept as given, also where we would have computed otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The appeal's number.
    pub number: String,
    /// Grows with each change of the appeal.
    pub revision: i64,
    /// Id of the policy.
    pub policy: String,
    /// Version of the set it is from.
    pub policy_version: i64,
    /// Content hash of that set, lower-case hex.
    pub policy_hash: String,
    /// Id of the category.
    pub category: String,
    /// Id of the priority.
    pub priority: String,
    /// Id of the channel.
    pub channel: String,
    /// Id of the group whose queue the appeal is in; `None` when it was never told.
    pub group: Option<String>,
    /// Where the applicant lives, as an ISO 3166-2 code; `None` when it was never told.
    pub region: Option<String>,
    /// IANA zone in which the applicant reads times; `None` when it was never told.
    pub zone: Option<String>,
    /// At most one of each kind.
    pub clocks: Vec<Clock>,
    /// Oldest first.
    pub suspensions: Vec<Suspension>,
    /// That the escalation was seen; `None` until then.
    pub acknowledgement: Option<Acknowledgement>,
}

/// Word of the holder of a level that they have seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The level, of every clock.
    pub level: u8,
    /// When they said so.
    pub time: Timestamp,
}

/// One promised term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Which promise.
    pub kind: ClockKind,
    /// Where it stands.
    pub state: ClockState,
    /// Counts the changes of the due time; rungs of older epochs do not fire.
    pub epoch: i64,
    /// When it began to run (L3).
    pub start_time: Timestamp,
    /// The epoch in which it did. What a clock did in epochs before it is of another promise: the next answer's in another wait, the resolution's
    /// before the appeal was opened again, where the policy has it begin anew. 0 where it is not told.
    pub start_epoch: i64,
    /// When it is due; always there while it runs.
    pub due_time: Option<Timestamp>,
    /// How much counted time was promised.
    pub allowance: Allowance,
    /// Id of the calendar that counts it.
    pub calendar: String,
    /// Version of that calendar.
    pub calendar_version: i64,
    /// When it was met or cancelled.
    pub end_time: Option<Timestamp>,
    /// What the term was extended by (L4), in order.
    pub extensions: Vec<Extension>,
}

/// A further term, from the end of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Why; `None` where a newer ticket service has a reason that we do not know.
    pub reason: Option<ExtensionReason>,
    /// What it grants.
    pub length: Allowance,
}

/// Where a clock stands. Being late is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// Time counts.
    Running,
    /// It is the applicant's turn (L8).
    Paused,
    /// What was promised was done.
    Met,
    /// Nothing is owed any more.
    Cancelled,
}

/// A stretch of time that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Its beginning.
    pub start_time: Timestamp,
    /// Its end; `None` while it lasts.
    pub end_time: Option<Timestamp>,
    /// Kept as text: a newer ticket service may know reasons that we do not.
    pub reason: String,
    /// Who caused it, by name.
    pub actor: String,
}

/// The kind of clock of that name.
pub fn kind_of(name: &str) -> Option<ClockKind> {
    ClockKind::ALL.into_iter().find(|kind| kind.as_str() == name)
}

// === impl Promise ===

impl Promise {
    /// The clock of that kind.
    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.kind == kind)
    }

    /// One clock under a set, by the wall that its policy chooses.
    pub fn term<'a>(&self, set: &'a PolicySet, kind: ClockKind) -> Option<Term<'a>> {
        set.term_for(&self.policy, kind, self.zone.as_deref())
    }

    /// Whether the holder of a level, or of one above it, has said since it acted that they have seen it.
    pub fn is_acknowledged(&self, level: i16, act_time: Option<Timestamp>) -> bool {
        self.acknowledgement.is_some_and(|it| level <= i16::from(it.level) && act_time <= Some(it.time))
    }

    /// The suspensions as the arithmetic wants them. One with a reason that is unknown here pauses nothing; the due time that was computed
    /// with it then differs from ours, which is flagged, and stands.
    pub fn counted_suspensions(&self) -> Vec<::deadline::Suspension> {
        let counted = |it: &Suspension| {
            let reason = SuspensionReason::ALL.into_iter().find(|reason| reason.as_str() == it.reason)?;
            Some(::deadline::Suspension { from: it.start_time, to: it.end_time, reason })
        };
        self.suspensions.iter().filter_map(counted).collect()
    }
}

// === impl Promise, as an older replica of the ticket service tells it ===

impl Promise {
    /// Puts in what was not told, from what is known: since when the clocks run, and those that not every policy has. These go on as they were while
    /// the appeal is open, and end with it.
    pub fn complete(&mut self, known: Option<&Promise>, now: Timestamp) {
        let of = |kind| known.and_then(|known| known.clock(kind));
        for clock in self.clocks.iter_mut().filter(|clock| clock.start_epoch == 0) {
            clock.start_epoch = of(clock.kind).map_or(1, |it| it.start_epoch.min(clock.epoch));
        }
        let ended = self.clocks.iter().all(Clock::is_over);
        for kind in ClockKind::ALL.into_iter().filter(|kind| !kind.is_of_every_policy()) {
            let untold = of(kind).filter(|_| self.clock(kind).is_none());
            let Some(mut untold) = untold.cloned() else { continue };
            if !untold.is_over() && ended {
                (untold.state, untold.due_time, untold.end_time) = (ClockState::Cancelled, None, Some(now));
            }
            self.clocks.push(untold);
        }
        self.clocks.sort_by_key(|clock| clock.kind);
    }
}

// === impl Clock ===

impl Clock {
    /// True once nothing is owed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, ClockState::Met | ClockState::Cancelled)
    }

    /// What its term was extended by.
    pub fn granted(&self) -> Vec<Allowance> {
        self.extensions.iter().map(|it| it.length).collect()
    }

    /// The due time while it runs.
    pub fn running_due_time(&self) -> Option<Timestamp> {
        self.due_time.filter(|_| self.state == ClockState::Running)
    }
}

// === impl ClockState ===

impl ClockState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Met, Self::Cancelled];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
