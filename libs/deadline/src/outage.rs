//! Stretches in which nobody could work: declared for all, as by a power cut or a system that was away.
//!
//! An outage belongs to a set of policies. No clock that is promised under the set counts it, whatever its policy says of pauses, and neither does the
//! term of a level or the time that an applicant has. So declaring one is publishing a set: it is looked at before
//! (`PreviewPolicyChange`), holds for what is promised from then on, and is applied to what is promised already by a re-base.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Suspension, SuspensionReason};

/// Longer than anything but a mistake in a date.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 31);

/// A stretch `[from, to)` that counts for no clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Lower snake case name. One that is published again under the same id takes the place of the one before.
    pub id: String,
    pub from: Timestamp,
    pub to: Timestamp,
    /// What happened, for whoever reads the set.
    pub label: String,
}

impl Outage {
    /// As the arithmetic wants it.
    pub(crate) fn suspension(&self) -> Suspension {
        Suspension { from: self.from, to: Some(self.to), reason: SuspensionReason::Outage }
    }

    /// What breaks the rules that it can be held to alone.
    pub(crate) fn faults(&self) -> Vec<&'static str> {
        let rules = [
            (crate::is_id(&self.id), "the id is not lower snake case"),
            (self.from < self.to, "it ends before it begins"),
            (self.from.duration_until(self.to) <= LONGEST, "it is longer than 31 days"),
        ];
        rules.into_iter().filter_map(|(holds, fault)| (!holds).then_some(fault)).collect()
    }
}
