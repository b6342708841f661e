//! Why a command is not carried out. Meaning only; faults of form never get this far.

use jiff::Timestamp;

use super::assurance::AssuranceLevel;
use super::clocks::ClockState;
use super::kinds::State;

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The command needs an open appeal.
    #[error("the appeal is {}", .state.as_str())]
    Closed {
        /// Where it stands.
        state: State,
    },
    /// The command is not for this state.
    #[error("not allowed in {}; allowed in {allowed}", .state.as_str())]
    StateNotAllowed {
        /// Where it stands.
        state: State,
        /// Where it would be allowed, in words.
        allowed: &'static str,
    },
    /// The caller's copy is outdated (AIP-154).
    #[error("the appeal has changed since")]
    EtagStale,
    /// Only who has it may do this.
    #[error("the appeal is not assigned to the caller")]
    NotAssignee,
    /// The member can't be given this appeal.
    #[error("the member is not suitable: {0}")]
    MemberNotSuitable(Unsuitable),
    /// Too late to reopen.
    #[error("the window for reopening ended at {until}")]
    ReopenWindowPassed {
        /// When it ended.
        until: Timestamp,
    },
    /// The caller knows an older epoch, or one that never was.
    #[error("the clock is at epoch {present}")]
    EpochStale {
        /// The present one.
        present: i64,
    },
    /// The clock does not run.
    #[error("the clock is {}", .state.as_str())]
    ClockNotRunning {
        /// Where it stands.
        state: ClockState,
    },
    /// Too late to extend.
    #[error("the term ended at {due}")]
    DeadlinePassed {
        /// When.
        due: Timestamp,
    },
    /// The policy does not allow it (L4).
    #[error("{0}")]
    NotExtensible(deadline::NotExtensible),
    /// One at a time.
    #[error("an extension is proposed already, and the citizen is being told")]
    ExtensionProposed,
    /// It may still come.
    #[error("the set of policies is not known here yet")]
    PolicySetUnknown,
    /// Its policy was removed.
    #[error("the set has no policy of that id")]
    PolicyNotInSet,
    /// Nothing to acknowledge.
    #[error("the appeal has not been escalated")]
    NotEscalated,
    /// The person must be confirmed first (T20).
    #[error("the person must be confirmed at level {} first", .level.as_str())]
    AssuranceRequired {
        /// At which level.
        level: AssuranceLevel,
    },
    /// The assertion does not do.
    #[error("the assertion {0}")]
    AssertionInvalid(&'static str),
    /// The applicant was asked for words.
    #[error("an answer in words is needed")]
    TextRequired,
    /// A due time can't be computed, as the calendar ends before it.
    #[error("calendar {calendar:?} is published up to {horizon} only")]
    CalendarHorizon {
        /// The calendar.
        calendar: String,
        /// Its last day.
        horizon: jiff::civil::Date,
    },
    /// Our own data do not fit together. A fault of ours, not of the caller's.
    #[error("{0}")]
    Broken(String),
}

/// Why a member can't be given an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Not working now.
    #[error("not on duty")]
    OffDuty,
    /// Serves other groups.
    #[error("does not serve the appeal's group")]
    OtherGroup,
    /// Too low for the level that the appeal was handed up to.
    #[error("below the level of the queue")]
    LevelTooLow,
}
