//! What can be asked of an appeal. Texts are not here: the handler stores them beside the message that a decision names.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::appeal::Papers;
use super::applicant::Region;
use super::assurance::Assertion;
use super::categories::Category;
use super::extension::Extend;
use super::kinds::{Channel, ClockKind, ids};
use super::message::Visibility;
use super::outcome::{DeadlineOutcome, NoticeOutcome};
use super::staff::Member;
use person::{Language, Zone};

ids! {
    /// What the applicant must bring.
    Need {
        /// An answer in words.
        Information = "information",
        /// An assertion of identity verification.
        Verification = "verification",
    }
}

ids! {
    /// What came of asking another body.
    BodyOutcome {
        /// It answered.
        Answered = "answered",
        /// It is waited for no longer.
        GivenUp = "given_up",
    }
}

/// Asks to register an appeal: the one command without an appeal before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAppeal {
    /// The applicant's account; `None` for the form without login.
    pub citizen: Option<Uuid>,
    /// How it came in (T1).
    pub channel: Channel,
    /// Its category, from the catalogue (T6).
    pub category: Category,
    /// Language to write to the applicant in.
    pub language: Language,
    /// Zone in which they read times.
    pub time_zone: Zone,
    /// Where they live, where it was told.
    pub region: Option<Region>,
    /// What they wrote.
    pub papers: Papers,
}

/// A clock as the caller knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRef {
    /// Which one.
    pub kind: ClockKind,
    /// Its epoch; an older one than the present is refused.
    pub epoch: i64,
}

/// Asks to hand an appeal up (L7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalate {
    /// The level to reach, from 1; `None` means the next one.
    pub level: Option<u8>,
    /// The clock that passed; `None` when a person decides.
    pub clock: Option<ClockRef>,
    /// When that level expects to have it solved.
    pub level_due_time: Option<Timestamp>,
    /// How late the rung fired.
    pub lateness: Option<SignedDuration>,
}

/// Asks something of an existing appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Give it to a member: one of staff assigns, or the member claims.
    Assign {
        /// Who shall have it.
        member: Member,
    },
    /// Post a message.
    PostMessage {
        /// Who may read it.
        visibility: Visibility,
        /// By which channel; `None` means the appeal's.
        channel: Option<Channel>,
    },
    /// Ask the applicant, and pause the clocks.
    RequestInfo {
        /// For what.
        need: Need,
    },
    /// Bring what was asked for.
    ProvideInfo {
        /// True when a text comes with it.
        text: bool,
        /// The assertion that came with it, its signature verified.
        assertion: Option<Assertion>,
    },
    /// Go on without what was asked for, where it has been waited for long enough; or remind of it, where it is time for that.
    LookAtPause {
        /// When the pause began: a later one is left alone.
        start_time: Timestamp,
    },
    /// Say that another body was asked.
    AskBody {
        /// The id it is known by.
        body: String,
    },
    /// Say what came of asking it.
    RecordBodyAnswer {
        /// What.
        outcome: BodyOutcome,
    },
    /// Answer it.
    Resolve {
        /// The assertion that came with it, its signature verified.
        assertion: Option<Assertion>,
    },
    /// Open it again.
    Reopen,
    /// Take it back.
    Withdraw,
    /// Hand it up.
    Escalate {
        /// What is asked.
        ask: Escalate,
        /// Members of its group who may be on duty, with their load; who has it now among them, on duty or not.
        candidates: Vec<Member>,
    },
    /// Extend the resolution's term (L4).
    Extend(Extend),
    /// Say that an escalation was seen.
    AcknowledgeEscalation,
    /// Promise it under another set of policies.
    Rebase {
        /// Content hash of the set.
        set: String,
    },
    /// Note what the SLA monitor did.
    RecordDeadline(DeadlineOutcome),
    /// Note what became of a notice.
    RecordNotice(NoticeOutcome),
}
