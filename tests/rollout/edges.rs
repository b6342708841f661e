//! The network policies let exactly the edges of the architecture: who calls whom is what the services' code says.

use std::collections::BTreeMap;

use all_in_one::Part;
use anyhow::{Result, ensure};
use serde_json::Value;

use crate::manifests::{Deployment, Manifests};

type Labels = BTreeMap<String, String>;

/// Compares the policies with [`Part::peers`], for each pair of services.
///
/// # Errors
/// An edge that is missing, or one too many.
pub fn check(manifests: &Manifests) -> Result<()> {
    let policies: Vec<&Value> = manifests.of_kind("NetworkPolicy").collect();
    let pods = |part: Part| -> Result<Deployment> { manifests.read("Deployment", part.name(), "/spec") };
    for from in Part::ALL {
        let caller = pods(from)?.template.metadata.labels;
        ensure!(is_denied_by_default(&policies, &caller), "{from} may talk to anybody when no policy says otherwise");
        for to in Part::ALL.into_iter().filter(|to| *to != from) {
            let called = pods(to)?.template;
            let port = called.spec.container()?.port("grpc")?;
            let called = called.metadata.labels;
            let goes_out = allows(&policies, &caller, ("egress", "to"), &called, port);
            let comes_in = allows(&policies, &called, ("ingress", "from"), &caller, port);
            let calls = from.peers().contains(&to.name());
            ensure!(
                (goes_out, comes_in) == (calls, calls),
                "{from} to {to}: the code calls {calls}, the policies let out {goes_out} and in {comes_in}"
            );
        }
    }
    Ok(())
}

fn is_denied_by_default(policies: &[&Value], pod: &Labels) -> bool {
    let both = serde_json::json!(["Ingress", "Egress"]);
    let denies = |spec: &Value| spec["policyTypes"] == both && spec["ingress"].is_null() && spec["egress"].is_null();
    policies.iter().any(|it| denies(&it["spec"]) && selects(&it["spec"]["podSelector"], pod))
}

/// Whether a policy for `pod` lets it talk to `other`, in one direction, at a port of the pod that is called.
fn allows(policies: &[&Value], pod: &Labels, (direction, side): (&str, &str), other: &Labels, port: u16) -> bool {
    let rules = policies.iter().filter(|it| selects(&it["spec"]["podSelector"], pod));
    let mut rules = rules.flat_map(|it| it["spec"][direction].as_array().into_iter().flatten());
    rules.any(|rule| {
        let mut ports = rule["ports"].as_array().into_iter().flatten();
        let mut others = rule[side].as_array().into_iter().flatten();
        let is_port = ports.any(|it| it["port"] == port || it["port"] == "grpc");
        is_port && others.any(|it| it.get("podSelector").is_some_and(|selector| selects(selector, other)))
    })
}

/// Selectors here are of labels alone; an empty one selects all.
fn selects(selector: &Value, pod: &Labels) -> bool {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    labels.into_iter().all(|(key, value)| pod.get(key).map(String::as_str) == value.as_str())
}
