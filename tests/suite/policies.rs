//! Other policies for a suite than the shipped ones.

use std::collections::BTreeMap;

use deadline::{Allowance, Policy, PolicySet};
use jiff::SignedDuration;
use proto::from_wire;
use proto::sla::v1::{GetPolicySetRequest, ListPolicySetsRequest, PublishPolicyRequest};

use super::{Suite, forms};

const ADMIN: &str = "staff/root:administrator";

/// A document by which every policy promises other resolutions: real time is halved, working days get one more, and working time an hour.
pub fn other_resolutions(set: &PolicySet) -> String {
    next_versions(set, |policy| {
        policy.resolution.allowance = match policy.resolution.allowance {
            Allowance::RealTime(time) => Allowance::RealTime(time / 2),
            Allowance::WorkingTime(time) => Allowance::WorkingTime(time + SignedDuration::from_hours(1)),
            Allowance::WorkingDays(days) => Allowance::WorkingDays(days + 1),
        };
    })
}

/// Every policy once more, as `change` makes it.
fn next_versions(set: &PolicySet, change: impl Fn(&mut Policy)) -> String {
    let policies = set.policies().iter().cloned().map(|mut policy| {
        policy.version += 1;
        // What it says of its terms is checked at the publication, and may not be so any more.
        policy.cases.clear();
        change(&mut policy);
        policy
    });
    let document = BTreeMap::from([("policy", policies.collect::<Vec<_>>())]);
    toml::to_string(&document).expect("policies are written as they are read")
}

// === impl Suite ===

impl Suite {
    /// The newest set: its name, and what it says.
    pub async fn policies(&self) -> (String, PolicySet) {
        let mut sla = self.sla(ADMIN);
        let sets = sla.list_policy_sets(ListPolicySetsRequest::default()).await.expect("an administrator may look");
        let name = sets.into_inner().policy_sets.remove(0).name;
        let set = sla.get_policy_set(GetPolicySetRequest { name: name.clone() }).await.expect("it was listed");
        (name, PolicySet::published(&set.into_inner().document).expect("it was published"))
    }

    /// Publishes every policy once more as `change` makes it, lets every service hear of it, and turns the clock to when it counts.
    pub async fn publish(&self, change: impl Fn(&mut Policy)) {
        let (base, set) = self.policies().await;
        let request = PublishPolicyRequest {
            document: next_versions(&set, change),
            base,
            note: "Приказ 19".into(),
            request_id: forms::request_id(),
            ..PublishPolicyRequest::default()
        };
        let published = self.sla(ADMIN).publish_policy(request).await.expect("right policies").into_inner();
        self.settle().await;
        self.hand.set(published.effective_time.as_ref().and_then(from_wire).expect("when it counts"));
    }

    /// Has every policy promise each answer as it does the first one, from now on.
    pub async fn promise_answers(&self) {
        self.publish(|policy| policy.next_answer = Some(policy.first_answer.clone())).await;
    }
}
