//! Truth tables: appeals of which a policy says that they are its own, and what it promises them.
//!
//! They are published with the policy and run whenever a set is read. So whoever adds a policy that takes appeals away from another
//! is told by the other one's cases, before anything is promised.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Channel, ClockKind, Due, Features, Invalid, Kind, PolicySet, Priority, written};

/// In which applicants read times who told no other.
const ZONE: &str = "Europe/Moscow";

/// An appeal that the policy has to be chosen for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub category: String,
    pub kind: Kind,
    pub priority: Priority,
    pub channel: Channel,
    /// Where the applicant lives; absent, nobody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Of which group of people they are; absent, nobody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant_group: Option<String>,
    /// IANA name of the zone in which they read times; absent, Moscow's, as where an appeal is filed without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// When it is filed; needed for the due times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed: Option<Timestamp>,
    /// By when somebody has then to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Timestamp>,
    /// When the first answer is then due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<Timestamp>,
    /// When the resolution is then due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Timestamp>,
}

impl Case {
    fn features(&self) -> Features<'_> {
        Features {
            category: &self.category,
            kind: self.kind,
            priority: self.priority,
            channel: self.channel,
            region: self.region.as_deref(),
            applicant_group: self.applicant_group.as_deref(),
        }
    }

    fn due_time(&self, clock: ClockKind) -> Option<Timestamp> {
        match clock {
            ClockKind::Acceptance => self.acceptance,
            ClockKind::FirstAnswer => self.first_answer,
            // Nothing of it is promised when an appeal is filed.
            ClockKind::NextAnswer | ClockKind::OtherBody => None,
            ClockKind::Resolution => self.resolution,
        }
    }
}

/// What the cases of all policies of a set say against it.
pub(crate) fn run(set: &PolicySet) -> Vec<Invalid> {
    let mut failed = Vec::new();
    for policy in set.policies() {
        for (case, number) in policy.cases.iter().zip(1..) {
            let mut fail = |what| failed.push(Invalid::Case { policy: policy.id.clone(), number, what });
            let chosen = &set.select(&case.features()).id;
            if *chosen != policy.id {
                fail(format!("policy {chosen:?} is chosen"));
                continue;
            }
            if case.time_zone.as_deref().is_some_and(|zone| written::zone(&policy.id, zone).is_err()) {
                fail("the time zone is not in the compiled-in database".to_owned());
                continue;
            }
            for clock in ClockKind::ALL {
                let Some(expected) = case.due_time(clock) else { continue };
                let Some(filed) = case.filed else {
                    fail("a due time needs the time of filing".to_owned());
                    break;
                };
                // What a policy promises, whatever came between.
                let term = set.term_for(&policy.id, clock, Some(case.time_zone.as_deref().unwrap_or(ZONE)));
                match term.map(|term| term.undisturbed(filed).map(Due::time)) {
                    Some(Ok(Some(due))) if due == expected => {}
                    Some(Ok(Some(due))) => fail(format!("{} is due at {due}, not at {expected}", clock.as_str())),
                    Some(Err(refused)) => fail(format!("{}: {refused}", clock.as_str())),
                    // A set has the calendars of its policies, and a term without suspensions ends.
                    Some(Ok(None)) | None => fail(format!("{} has no due time", clock.as_str())),
                }
            }
        }
    }
    failed
}
