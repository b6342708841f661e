//! Why a computation or a set of policies is refused.

use jiff::{Timestamp, civil::Date};

/// Why a term can't be computed. Nothing is guessed: the caller answers with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The calendar does not know days that the computation needs: their holidays are not published.
    #[error("calendar {calendar:?} is published up to {horizon} only")]
    PastHorizon { calendar: String, horizon: Date },
    /// The start lies before the first date that the calendar knows.
    #[error("calendar {calendar:?} is known from {from} only")]
    BeforeValidity { calendar: String, from: Date },
    /// A term of zero or less has no end.
    #[error("an allowance must be longer than zero")]
    AllowanceNotPositive,
    /// A suspension ends before it begins: the ledger it comes from is broken.
    #[error("a suspension ends ({to}) before it begins ({from})")]
    SuspensionBackwards { from: Timestamp, to: Timestamp },
    /// The result lies beyond the year 9999.
    #[error("the result lies beyond the range of time")]
    OutOfRange,
}

impl Refused {
    /// The reason in UPPER_SNAKE, as error details carry it (`contracts` rule 11).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::PastHorizon { .. } => "CALENDAR_HORIZON_PASSED",
            Self::BeforeValidity { .. } => "CALENDAR_NOT_VALID_YET",
            Self::AllowanceNotPositive => "ALLOWANCE_NOT_POSITIVE",
            Self::SuspensionBackwards { .. } => "SUSPENSION_BACKWARDS",
            Self::OutOfRange => "TIME_OUT_OF_RANGE",
        }
    }
}

/// Why a calendar or a set of policies is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not TOML, an unknown key, or a value of the wrong form.
    #[error("{0}")]
    Text(String),
    #[error("calendar {id:?}: {what}")]
    Calendar { id: String, what: String },
    #[error("policy {id:?}: {what}")]
    Policy { id: String, what: String },
    /// The set as a whole: no version, two of the same id, no catch-all.
    #[error("{0}")]
    Set(String),
    /// An appeal could match both and nothing says which one wins.
    #[error("policies {one:?} and {other:?} have the same order and specificity and can match the same appeal")]
    Tie { one: String, other: String },
    /// Everything it matches is taken by an earlier one, or by several together: it would never be chosen.
    #[error("policy {id:?} can never be chosen: {} first and {} all of it", come(.by), if .by.len() == 1 { "matches" } else { "together match" })]
    Unreachable { id: String, by: Vec<String> },
    /// A policy's truth table does not hold in its set.
    #[error("policy {policy:?}, case {number}: {what}")]
    Case { policy: String, number: usize, what: String },
}

/// Those that are tried before, as the subject of a sentence.
fn come(by: &[String]) -> String {
    match by {
        [one] => format!("{one:?} comes"),
        [firsts @ .., last] => {
            let firsts: Vec<_> = firsts.iter().map(|id| format!("{id:?}")).collect();
            format!("{} and {last:?} come", firsts.join(", "))
        }
        [] => String::new(),
    }
}
