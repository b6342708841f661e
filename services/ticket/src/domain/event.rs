//! The journal's entries (T22). Nothing personal is in them; together they give the appeal's row.
//!
//! Stored as JSON `{"type": "...", ...}`. Names and fields only ever get added, as rows live for years.

mod notes;
mod terms;

use deadline::SuspensionReason;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::Actor;
use super::appeal::Promise;
use super::applicant::Region;
use super::assurance::{AssuranceLevel, resolving};
use super::command::{BodyOutcome, Need};
use super::extension::Lapse;
use super::kinds::{Channel, ClockKind, Kind, Priority, State};
use super::message::{Author, Visibility};
use super::number::Number;
use super::staff::Level;
use person::{Language, Zone};

pub use self::notes::{NoticeNote, RungNote};
pub use self::terms::{Begun, NewDue, Proposed, Rebased, RebasedTerm, Term};

/// One numbered entry of an appeal's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// From 1 without gaps within its appeal.
    pub number: i64,
    /// When it was recorded.
    pub time: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The state that followed.
    pub state: State,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Registered, with number and promise; its time is the create time.
    Filed(Box<FiledEvent>),
    /// Given to a member.
    Assigned {
        /// Id of the member.
        assignee: String,
    },
    /// Somebody has begun with it; only where that was promised.
    Accepted,
    /// A message was posted.
    MessagePosted {
        /// Its number.
        message: i64,
        /// Who spoke.
        author: Author,
        /// Who may read it.
        visibility: Visibility,
    },
    /// The first answer by a person was given.
    FirstAnswered {
        /// Number of the message that was it (peers T-03).
        message: i64,
    },
    /// The applicant waits for the next answer: its clock begins.
    AnswerAwaited {
        /// Its epoch from now on.
        epoch: i64,
        /// Its term.
        term: Term,
    },
    /// The next answer by a person was given.
    NextAnswered {
        /// Number of the message that was it.
        message: i64,
    },
    /// The applicant was asked; running clocks paused.
    InfoRequested {
        /// Number of the message with the question.
        message: i64,
        /// What is needed.
        need: Need,
        /// Why the clocks are suspended from now on.
        suspension: SuspensionReason,
        /// Until when the answer is waited for; none for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_time: Option<Timestamp>,
        /// When they are reminded; none for never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind_time: Option<Timestamp>,
    },
    /// The applicant is reminded that it is their turn (L6).
    ApplicantReminded,
    /// The applicant was waited for as long as the policy has it; the clocks run on without an answer.
    PauseEnded {
        /// The new due times.
        due: Vec<NewDue>,
        /// When the citizen may expect it now.
        expected_time: Timestamp,
    },
    /// The applicant answered; the clocks run on.
    InfoProvided {
        /// Number of the message with the answer; none when only an assertion came.
        message: Option<i64>,
        /// The new due times.
        due: Vec<NewDue>,
        /// When the citizen may expect it now.
        expected_time: Timestamp,
    },
    /// Another body was asked (L5); where its answer is promised by a time, its clock begins.
    BodyAsked {
        /// The id it is known by.
        body: String,
        /// Number of the note that says what was asked.
        message: i64,
        /// The epoch of its clock from now on, and its term.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<Begun>,
    },
    /// Something came of asking the other body.
    BodyAnswered {
        /// What.
        outcome: BodyOutcome,
        /// Number of the note that says so.
        message: i64,
    },
    /// The person was confirmed for this appeal (T20).
    IdentityConfirmed {
        /// At which level.
        level: AssuranceLevel,
        /// Who; unknown in journals that were written before it was recorded.
        #[serde(default)]
        citizen: Option<Uuid>,
    },
    /// The answer was given.
    Resolved {
        /// Number of the message with the answer.
        message: i64,
    },
    /// Opened again; the time since the resolution does not count.
    Reopened {
        /// Number of the message that says why.
        message: i64,
        /// The new due times.
        due: Vec<NewDue>,
        /// When the citizen may expect it now.
        expected_time: Timestamp,
        /// The term of the resolution, where the policy has it begin anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        anew: Option<Term>,
    },
    /// Taken back by the applicant.
    Withdrawn,
    /// Handed up, by a clock or by a person.
    Escalated(Escalated),
    /// Who got it by escalation has seen it.
    EscalationAcknowledged {
        /// The level they are the holder of; `None` in journals of before the SLA monitor heard of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<u8>,
    },
    /// A due time is near.
    DeadlineWarned(RungNote),
    /// A rung did not act.
    RungNotActed(RungNote),
    /// Something became of a notice.
    NoticeOutcome(NoticeNote),
    /// An extension was proposed (L4): the citizen is being told, and the old due time governs.
    ExtensionProposed(Proposed),
    /// The proposed extension governs.
    Extended {
        /// The new due time; none while the clock is paused.
        due: Option<NewDue>,
        /// When the citizen may expect it now; none while paused.
        expected_time: Option<Timestamp>,
    },
    /// The proposed extension never will govern.
    ExtensionLapsed {
        /// Why.
        cause: Lapse,
    },
    /// Promised under another set of policies, as an administrator decided for all.
    Rebased(Box<Rebased>),
}

/// The content of [`Event::Filed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledEvent {
    /// The appeal's id.
    pub id: Uuid,
    /// Its number.
    pub number: Number,
    /// How it came in.
    pub channel: Channel,
    /// Category id.
    pub category: String,
    /// Kind, as the category had it.
    pub kind: Kind,
    /// Priority, as the category had it.
    pub priority: Priority,
    /// Group, as the category had it.
    pub group: String,
    /// Level of the queue, as the category had it.
    pub queue_level: Level,
    /// Required assurance, as the category had it.
    pub required_assurance: AssuranceLevel,
    /// Required action, as the category had it.
    #[serde(default = "resolving")]
    pub required_action: String,
    /// The applicant's account.
    pub citizen: Option<Uuid>,
    /// Language of the applicant.
    pub language: Language,
    /// Zone of the applicant.
    pub time_zone: Zone,
    /// Where they live, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Under which policy it was promised.
    pub promise: Promise,
    /// The clock of the acceptance, where the policy promises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Term>,
    /// The clock of the first answer.
    pub first_answer: Term,
    /// The clock of the resolution.
    pub resolution: Term,
}

/// The content of [`Event::Escalated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The clock that passed; none when a person decided.
    pub clock: Option<ClockKind>,
    /// Its epoch.
    pub epoch: Option<i64>,
    /// The level that acted.
    pub level: u8,
    /// Who it is for, by its policy; `None` when a person decided, and in journals of before this was written down: then the level's number tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Level>,
    /// The new expected time, where it changed.
    pub expected_time: Option<Timestamp>,
    /// Who got it, when it changed hands: none of the two means that it stayed where it was.
    pub handed: Option<Handed>,
    /// How late the rung fired.
    pub lateness: Option<SignedDuration>,
    /// Who has it had acknowledged what they got before, and has not seen this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

/// Where an escalated appeal went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handed {
    /// To a member.
    To(String),
    /// To the queue of a level, as nobody of it is on duty.
    Queue(Level),
}

impl Event {
    /// The `type` in the stored form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Filed(_) => "filed",
            Self::Assigned { .. } => "assigned",
            Self::Accepted => "accepted",
            Self::MessagePosted { .. } => "message_posted",
            Self::FirstAnswered { .. } => "first_answered",
            Self::AnswerAwaited { .. } => "answer_awaited",
            Self::NextAnswered { .. } => "next_answered",
            Self::InfoRequested { .. } => "info_requested",
            Self::ApplicantReminded => "applicant_reminded",
            Self::PauseEnded { .. } => "pause_ended",
            Self::InfoProvided { .. } => "info_provided",
            Self::BodyAsked { .. } => "body_asked",
            Self::BodyAnswered { .. } => "body_answered",
            Self::IdentityConfirmed { .. } => "identity_confirmed",
            Self::Resolved { .. } => "resolved",
            Self::Reopened { .. } => "reopened",
            Self::Withdrawn => "withdrawn",
            Self::Escalated(_) => "escalated",
            Self::EscalationAcknowledged { .. } => "escalation_acknowledged",
            Self::DeadlineWarned(_) => "deadline_warned",
            Self::RungNotActed(_) => "rung_not_acted",
            Self::NoticeOutcome(_) => "notice_outcome",
            Self::ExtensionProposed(_) => "extension_proposed",
            Self::Extended { .. } => "extended",
            Self::ExtensionLapsed { .. } => "extension_lapsed",
            Self::Rebased(_) => "rebased",
        }
    }

    /// True for what others did: it changes no version and no update time (peers T-11).
    pub fn is_note(&self) -> bool {
        matches!(self, Self::DeadlineWarned(_) | Self::RungNotActed(_) | Self::NoticeOutcome(_))
    }

    /// True when it changes what the clocks and their ladders depend on, so the SLA monitor must hear of it.
    pub fn moves_clocks(&self) -> bool {
        match self {
            Self::EscalationAcknowledged { level } => level.is_some(),
            Self::BodyAsked { clock, .. } => clock.is_some(),
            Self::Filed(_)
            | Self::Accepted
            | Self::FirstAnswered { .. }
            | Self::AnswerAwaited { .. }
            | Self::NextAnswered { .. }
            | Self::InfoRequested { .. }
            | Self::PauseEnded { .. }
            | Self::InfoProvided { .. }
            | Self::BodyAnswered { .. }
            | Self::Resolved { .. }
            | Self::Reopened { .. }
            | Self::Extended { .. }
            | Self::Rebased(_)
            | Self::Withdrawn => true,
            Self::Assigned { .. }
            | Self::MessagePosted { .. }
            | Self::IdentityConfirmed { .. }
            | Self::ApplicantReminded
            | Self::Escalated(_)
            | Self::DeadlineWarned(_)
            | Self::RungNotActed(_)
            | Self::ExtensionProposed(_)
            | Self::ExtensionLapsed { .. }
            | Self::NoticeOutcome(_) => false,
        }
    }
}
