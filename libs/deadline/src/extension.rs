//! Extensions of a term (`L4`): further terms, each counted from the end of the one before.
//!
//! ```text
//! start ---- allowance ---- due ---- extension 1 ---- due ---- extension 2 ---- due
//! ```
//!
//! A suspension moves the end of every term that lies behind it, and with it the terms that follow. So an extension is kept as what it
//! grants and never as the date that came out on the day of its granting. Who may extend, and when it is too late, is the ticket
//! service's; here is what a policy allows and what it comes to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Allowance, Calendar, Due, Refused, Suspension, due::due, names::names};

names! {
    /// Why a term may be extended (`L4`).
    ExtensionReason {
        /// S1: «дополнительный анализ».
        FurtherAnalysis = "further_analysis",
        /// S1: «недостающие сведения».
        MissingInformation = "missing_information",
        /// S4: agreement with other departments.
        OtherDepartments = "other_departments",
    }
}

/// Within which bounds the resolution's term may be extended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRule {
    /// For which reasons, at least one.
    pub reasons: BTreeSet<ExtensionReason>,
    /// How often, 1 to 9.
    pub at_most: u8,
    /// By how much each time. Lengths are compared by the due times that they give, as five working days are neither more nor less than a week.
    pub longest: Allowance,
}

/// Why a policy does not allow an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExtensible {
    /// The policy allows none.
    #[error("the policy allows no extension")]
    Never,
    /// Not for this reason.
    #[error("the policy allows no extension for this reason")]
    Reason,
    /// It was extended as often as may be.
    #[error("the policy allows no further extension")]
    Count,
    /// It would be too long, or not longer than zero.
    #[error("the policy allows no extension of this length")]
    Length,
}

impl ExtensionRule {
    /// Whether a term that was extended `before` times and ends at `due` may be extended by `length`. Answers the new due time as it would be
    /// if nothing were suspended from now on.
    ///
    /// # Errors
    /// The outer one as [`due`](crate::due); the inner one where the rule does not allow it.
    pub fn allow(
        &self,
        calendar: &Calendar,
        before: usize,
        ends: Timestamp,
        reason: ExtensionReason,
        length: Allowance,
        suspensions: &[Suspension],
    ) -> Result<Result<Timestamp, NotExtensible>, Refused> {
        if !self.reasons.contains(&reason) {
            return Ok(Err(NotExtensible::Reason));
        }
        if before >= usize::from(self.at_most) {
            return Ok(Err(NotExtensible::Count));
        }
        if !length.is_positive() || !length.is_bounded() {
            return Ok(Err(NotExtensible::Length));
        }
        let end = |length| due(calendar, ends, length, suspensions).map(Due::time);
        // What the longest one comes to may lie past the calendar's horizon, and a shorter one not.
        let longest = match end(self.longest) {
            Ok(longest) => longest,
            Err(Refused::PastHorizon { .. }) => None,
            Err(refused) => return Err(refused),
        };
        let Some(asked) = end(length)? else { return Err(Refused::OutOfRange) };
        Ok(if longest.is_some_and(|longest| asked > longest) { Err(NotExtensible::Length) } else { Ok(asked) })
    }

    /// What breaks the rules that it can be held to alone.
    pub(crate) fn faults(&self) -> Vec<&'static str> {
        let rules = [
            (!self.reasons.is_empty(), "an extension needs reasons for which it is allowed"),
            ((1..=9).contains(&self.at_most), "at_most must be 1 to 9"),
            (
                self.longest.is_positive() && self.longest.is_bounded(),
                "longest must be longer than zero and at most five years",
            ),
        ];
        rules.into_iter().filter_map(|(holds, fault)| (!holds).then_some(fault)).collect()
    }
}

/// When a term ends with what it was extended by, in the order of the extensions.
///
/// # Errors
/// As [`due`](crate::due).
pub fn extended(
    calendar: &Calendar,
    start: Timestamp,
    allowance: Allowance,
    extensions: &[Allowance],
    suspensions: &[Suspension],
) -> Result<Due, Refused> {
    let mut end = due(calendar, start, allowance, suspensions)?;
    for extension in extensions {
        let Due::At(from) = end else { break };
        end = due(calendar, from, *extension, suspensions)?;
    }
    Ok(end)
}
