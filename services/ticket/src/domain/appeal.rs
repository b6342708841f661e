//! The appeal itself: what decisions are made on ([`Appeal`], nothing personal), and what people wrote ([`Papers`], sealed).

use deadline::Allowance;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::Actor;
use super::applicant::{Applicant, Consent, Contact, Region};
use super::assurance::AssuranceLevel;
use super::clocks::{Clock, ClockState, Suspension};
use super::extension::Extension;
use super::kinds::{Channel, ClockKind, Kind, Priority, State};
use super::number::Number;
use super::refusal::Refusal;
use super::staff::Level;
use person::{Language, Text, Zone};

/// Under which policy the due times were promised; pinned for good (peers S-16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Policy id, such as `lost_access`.
    pub policy: String,
    /// Version of the policy set.
    pub set_version: u32,
    /// Content hash of that set, lower-case hex.
    pub set_hash: String,
}

/// How far up the appeal was handed (L7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Escalation {
    /// The highest level that acted, of whichever ladder; 0 for none. Never falls. Whom a level hands to, its policy says.
    pub level: u8,
    /// When the present level was acknowledged by its receiver.
    pub acknowledge_time: Option<Timestamp>,
}

/// An appeal without anything personal: exactly what its events give when applied in order.
///
/// Fields are public because the store writes and reads every one of them; [`Appeal::fault`] says what a row may not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// The UUID within the name.
    pub id: Uuid,
    /// What people say and type (T2).
    pub number: Number,
    /// Where it stands.
    pub state: State,
    /// How it came in (T1).
    pub channel: Channel,
    /// Category id (T6).
    pub category: String,
    /// Kind, by the category.
    pub kind: Kind,
    /// Priority, by the category (T8).
    pub priority: Priority,
    /// Group in whose queue it is.
    pub group: String,
    /// Level at which the person must be confirmed before it can be resolved (T20).
    pub required_assurance: AssuranceLevel,
    /// The action that an assertion for it must be bound to.
    pub required_action: String,
    /// The applicant's account; `None` for an anonymous applicant.
    pub citizen: Option<Uuid>,
    /// Who filed it: the citizen, an operator, or a system.
    pub filed_by: Actor,
    /// Language the applicant is written to in.
    pub language: Language,
    /// Zone in which the applicant reads times.
    pub time_zone: Zone,
    /// Where the applicant lives; `None` where nobody told it.
    pub region: Option<Region>,
    /// Under which policy it was promised.
    pub promise: Promise,
    /// The clock of the acceptance; `None` where the policy promises none.
    pub acceptance: Option<Clock>,
    /// The clock of the first answer.
    pub first_answer: Clock,
    /// The clock of the next answer; `None` before the applicant first waited for one, or where the policy promises none.
    pub next_answer: Option<Clock>,
    /// The clock of another body's answer; `None` before one was first asked, or where the policy promises none.
    pub other_body: Option<Clock>,
    /// The clock of the resolution; its due time is the appeal's.
    pub resolution: Clock,
    /// What did not count, oldest first; only the last may be open.
    pub suspensions: Vec<Suspension>,
    /// Extensions of the resolution's term (L4), oldest first: those that govern, and the last one whatever became of it.
    pub extensions: Vec<Extension>,
    /// When the citizen may expect it now: the due time, or after an escalation its promise. `None` while paused or ended.
    pub expected_time: Option<Timestamp>,
    /// When it was resolved; `None` again once reopened.
    pub resolve_time: Option<Timestamp>,
    /// How far up it was handed.
    pub escalation: Escalation,
    /// `{id}` of `staff/{id}` who has it; `None` while in a queue.
    pub assignee: Option<String>,
    /// The lowest level that may take it from the queue.
    pub queue_level: Level,
    /// Level that the person showed for this appeal and that no resolution used up yet (T20).
    pub confirmed: Option<AssuranceLevel>,
    /// Whose identity was confirmed for it, once it was.
    pub confirmed_citizen: Option<Uuid>,
    /// Number of the message that holds the answer, once resolved.
    pub answer_message: Option<i64>,
    /// Number of its last message; 0 without any.
    pub last_message: i64,
    /// Number of its last event, which is also their count.
    pub last_event: i64,
    /// Number of the last event that is more than a record of what others did: the etag.
    pub version: i64,
    /// Number of the last event that changed what the clocks depend on: what the SLA monitor compares.
    pub revision: i64,
    /// When it was registered (L3).
    pub create_time: Timestamp,
    /// When `version` last changed.
    pub update_time: Timestamp,
}

impl Appeal {
    /// Names the present version (AIP-154).
    pub fn etag(&self) -> String {
        format!("v{}", self.version)
    }

    /// Holds the caller to the version they saw; `None` holds to nothing.
    ///
    /// # Errors
    /// [`Refusal::EtagStale`].
    pub fn expect(&self, etag: Option<&str>) -> Result<(), Refusal> {
        match etag {
            Some(seen) if seen != self.etag() => Err(Refusal::EtagStale),
            _ => Ok(()),
        }
    }

    /// `appeals/{id}`.
    pub fn name(&self) -> String {
        super::names::appeal_name(self.id)
    }

    /// `recipients/{citizen}`, or `recipients/appeal-{id}` for an anonymous applicant.
    pub fn recipient(&self) -> String {
        match self.citizen {
            Some(citizen) => format!("recipients/{citizen}"),
            None => format!("recipients/appeal-{}", self.id),
        }
    }

    /// The clock of that kind; of the acceptance's, the next answer's and another body's there may be none.
    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        match kind {
            ClockKind::Acceptance => self.acceptance.as_ref(),
            ClockKind::FirstAnswer => Some(&self.first_answer),
            ClockKind::NextAnswer => self.next_answer.as_ref(),
            ClockKind::OtherBody => self.other_body.as_ref(),
            ClockKind::Resolution => Some(&self.resolution),
        }
    }

    pub(super) fn clock_mut(&mut self, kind: ClockKind) -> Option<&mut Clock> {
        match kind {
            ClockKind::Acceptance => self.acceptance.as_mut(),
            ClockKind::FirstAnswer => Some(&mut self.first_answer),
            ClockKind::NextAnswer => self.next_answer.as_mut(),
            ClockKind::OtherBody => self.other_body.as_mut(),
            ClockKind::Resolution => Some(&mut self.resolution),
        }
    }

    /// The clocks that there are, the resolution's last.
    pub fn clocks(&self) -> impl Iterator<Item = &Clock> {
        ClockKind::ALL.into_iter().filter_map(|kind| self.clock(kind))
    }

    /// What the clock's term is extended by, in order.
    pub fn granted(&self, kind: ClockKind) -> Vec<Allowance> {
        match kind {
            ClockKind::Resolution => {
                self.extensions.iter().filter(|it| it.is_effective()).map(|it| it.length).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The instant of a change that is made now: after the last one, which another replica may have made by a clock that is a little ahead of
    /// ours. Times within one appeal never go back, and no two changes share one: notices are told apart by the time of what they tell, and by it
    /// a newer one makes an older one untrue.
    pub fn moment(&self, now: Timestamp) -> Timestamp {
        now.max(self.update_time.saturating_add(SignedDuration::from_micros(1)).unwrap_or(now))
    }

    /// The extension of which the citizen is being told.
    pub fn proposal(&self) -> Option<&Extension> {
        self.extensions.last().filter(|last| last.is_proposed())
    }

    /// The suspension that still lasts.
    pub fn open_suspension(&self) -> Option<&Suspension> {
        self.suspensions.last().filter(|last| last.end_time.is_none())
    }

    /// What is wrong with this appeal; `None` for every one that events can give. Stored rows are checked by it.
    pub fn fault(&self) -> Option<&'static str> {
        let (accepted, next, body) = (self.acceptance.as_ref(), self.next_answer.as_ref(), self.other_body.as_ref());
        let rules = [
            (
                self.state.is_paused() == self.open_suspension().is_some(),
                "paused states and open suspensions go together",
            ),
            (
                self.suspensions.iter().rev().skip(1).all(|s| s.end_time.is_some()),
                "only the last suspension may be open",
            ),
            (
                self.state.is_paused() || self.clocks().all(|c| c.state != ClockState::Paused),
                "a clock is paused only in a paused state",
            ),
            (!self.state.is_paused() || self.clocks().all(|c| !c.is_running()), "no clock runs in a paused state"),
            (self.state.is_open() || self.clocks().all(Clock::is_over), "no clock is left when the appeal has ended"),
            (accepted.is_none_or(|c| c.state != ClockState::Paused), "the acceptance's clock never pauses"),
            (accepted.is_none_or(|c| c.is_over() || !self.first_answer.is_over()), "who answered has begun with it"),
            (next.is_none() || self.first_answer.is_over(), "the next answer comes after the first"),
            (next.is_none_or(|c| c.state != ClockState::Paused), "the next answer's clock never pauses"),
            (
                body.is_none_or(|c| c.is_over() || c.is_running() && self.state == State::AwaitingOtherBody),
                "another body's clock runs while it is waited for",
            ),
            (
                self.clocks().all(|c| 1 <= c.start_epoch && c.start_epoch <= c.epoch),
                "clocks begin in an epoch of theirs",
            ),
            (!self.state.is_open() || !self.resolution.is_over(), "an open appeal has its resolution clock"),
            (
                self.extensions.iter().rev().skip(1).all(Extension::is_effective),
                "extensions before the last one govern",
            ),
            (self.proposal().is_none() || self.state.is_open(), "no extension is proposed when the appeal has ended"),
            (self.clocks().all(|c| c.is_running() == c.due_time.is_some()), "running clocks are due, others are not"),
            (self.clocks().all(|c| c.is_over() == c.end_time.is_some()), "clocks that are over have an end"),
            (self.resolution.is_running() == self.expected_time.is_some(), "expected while the resolution clock runs"),
            ((self.state == State::Resolved) <= self.resolve_time.is_some(), "resolved appeals have their time"),
            ((self.state == State::Assigned) <= self.assignee.is_some(), "assigned appeals have an assignee"),
            ((self.state == State::Registered) <= self.assignee.is_none(), "registered appeals are in a queue"),
            (self.revision <= self.version && self.version <= self.last_event, "revision <= version <= events"),
        ];
        rules.into_iter().find_map(|(holds, fault)| (!holds).then_some(fault))
    }
}

/// What people wrote on the form. Personal; stored sealed (X1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Papers {
    /// One line saying what it is about.
    pub subject: Text,
    /// The matter.
    pub description: Text,
    /// Who files it (T3).
    pub applicant: Applicant,
    /// Where they are reached about it.
    pub contact: Contact,
    /// Their consent (T4).
    pub consent: Consent,
}
