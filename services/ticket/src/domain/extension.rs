//! Extensions of the resolution's term (L4).
//!
//! ```text
//! PROPOSED --(a provider took the notice, before the due time)--> EFFECTIVE   a new due time, epoch + 1
//!    |---(the due time passes)------------------------------------> LAPSED    the old one stood all the while
//!    |---(the notice is given up)--------------------------------> LAPSED
//!    |---(the appeal ends)----------------------------------------> LAPSED
//!    '---(paused since, and past the calendar's end now)----------> LAPSED
//! ```
//!
//! The citizen is told first: what they have not heard of does not bind them (peers S-19). Until then the old due time governs, and
//! the ladder with it. What decides is what is *recorded* here, under the appeal's lock, against our own clock: a notice that was taken in
//! time and heard of too late has come too late, as the breach has acted by then. Nothing wakes up to let a proposal lapse: the first level of
//! the ladder does, which the SLA monitor fires at that very instant, and whatever is recorded afterwards finds it passed.
//!
//! A pause leaves a proposal alone: the due time moves, and it may become effective meanwhile or later.

use deadline::{Allowance, ExtensionReason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kinds::ids;

ids! {
    /// Where an extension stands.
    ExtensionState {
        /// The citizen is being told.
        Proposed = "proposed",
        /// It governs.
        Effective = "effective",
        /// It never will.
        Lapsed = "lapsed",
    }
}

ids! {
    /// Why an extension lapsed.
    Lapse {
        /// The due time passed before the notice was known to be taken.
        DueTimePassed = "due_time_passed",
        /// No channel took the notice.
        NoticeFailed = "notice_failed",
        /// The appeal ended.
        AppealEnded = "appeal_ended",
        /// A pause moved the term since, and the calendar ends before the due time that would follow.
        NotComputable = "not_computable",
    }
}

/// An extension of the resolution's term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Where it stands.
    pub state: ExtensionState,
    /// Why it is needed.
    pub reason: ExtensionReason,
    /// What it grants, from the end of the term before.
    pub length: Allowance,
    /// The due time as the citizen was told; later suspensions move it.
    pub due_time: Timestamp,
    /// When it was proposed.
    pub propose_time: Timestamp,
    /// The request that asks for the citizen's notice: its outcome is this extension's.
    pub notice: Uuid,
}

/// Asks to extend the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extend {
    /// Why.
    pub reason: ExtensionReason,
    /// By what.
    pub length: Allowance,
    /// The id that the request for the notice is going to have.
    pub notice: Uuid,
}

// === impl Extension ===

impl Extension {
    /// True while the citizen is being told.
    pub fn is_proposed(&self) -> bool {
        self.state == ExtensionState::Proposed
    }

    /// True once it governs.
    pub fn is_effective(&self) -> bool {
        self.state == ExtensionState::Effective
    }
}
