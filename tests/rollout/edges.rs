//! The network policies let exactly what `edges.txt` lists, and between the services exactly the edges of the architecture: who calls whom
//! is what their code says.
//!
//! A line of the table is a pod, a direction, whom it may talk to, and a port of whoever is called, as rendered; only the prefix
//! `app.kubernetes.io/` of labels is left out. First stands the overlay, or `both`. The namespace is the pod's own where none is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use all_in_one::Part;
use anyhow::{Result, ensure};
use serde_json::Value;

use crate::manifests::{Deployment, Manifests};

type Labels = BTreeMap<String, String>;

/// All that may be talked, so that nothing is opened or closed by the way.
const LISTED: &str = include_str!("edges.txt");

/// Compares the policies with the table, and with [`Part::peers`] for each pair of services.
///
/// # Errors
/// An edge that is missing, or one too many.
pub fn check(manifests: &Manifests, overlay: &str) -> Result<()> {
    let policies: Vec<&Value> = manifests.of_kind("NetworkPolicy").collect();
    let listed = listed(overlay);
    let rendered: BTreeSet<String> = policies.iter().flat_map(|it| edges(&it["spec"])).collect();
    let mut difference = String::new();
    for line in listed.difference(&rendered) {
        writeln!(difference, "- {line}")?;
    }
    for line in rendered.difference(&listed) {
        writeln!(difference, "+ {line}")?;
    }
    ensure!(difference.is_empty(), "{overlay}: tests/rollout/edges.txt (-) and the policies (+) differ:\n{difference}");
    between_services(manifests, &policies)
}

fn between_services(manifests: &Manifests, policies: &[&Value]) -> Result<()> {
    let pods = |part: Part| -> Result<Deployment> { manifests.read("Deployment", part.name(), "/spec") };
    for from in Part::ALL {
        let caller = pods(from)?.template.metadata.labels;
        ensure!(is_denied_by_default(policies, &caller), "{from} may talk to anybody when no policy says otherwise");
        for to in Part::ALL.into_iter().filter(|to| *to != from) {
            let called = pods(to)?.template;
            let port = called.spec.container()?.port("grpc")?;
            let called = called.metadata.labels;
            let goes_out = allows(policies, &caller, ("egress", "to"), &called, port);
            let comes_in = allows(policies, &called, ("ingress", "from"), &caller, port);
            let calls = from.peers().contains(&to.name());
            ensure!(
                (goes_out, comes_in) == (calls, calls),
                "{from} to {to}: the code calls {calls}, the policies let out {goes_out} and in {comes_in}"
            );
        }
    }
    Ok(())
}

/// The table's lines of an overlay.
fn listed(overlay: &str) -> BTreeSet<String> {
    let lines = LISTED.lines().filter_map(|line| line.split_once(' '));
    lines.filter(|(of, _)| [overlay, "both"].contains(of)).map(|(_, edge)| words(edge)).collect()
}

/// The table is in columns.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines that a policy comes to.
fn edges(spec: &Value) -> Vec<String> {
    let pod = labels(&spec["podSelector"]);
    let mut edges = Vec::new();
    for (of, direction, side) in [("Ingress", "ingress", "from"), ("Egress", "egress", "to")] {
        let is_meant = spec["policyTypes"].as_array().is_some_and(|types| types.iter().any(|it| it == of));
        let rules = spec[direction].as_array().map(Vec::as_slice).unwrap_or_default();
        if is_meant && rules.is_empty() {
            edges.push(format!("{pod} {direction} {side} nobody"));
        }
        for rule in rules {
            let (others, ports) = (several(&rule[side], other), several(&rule["ports"], port));
            let pairs = others.iter().flat_map(|other| ports.iter().map(move |port| (other, port)));
            let effect = if is_meant { "" } else { " without effect" };
            edges.extend(pairs.map(|(other, port)| format!("{pod} {direction} {side} {other} {port}{effect}")));
        }
    }
    edges
}

/// Kubernetes takes a list that is missing or empty for all.
fn several(list: &Value, text: impl Fn(&Value) -> String) -> Vec<String> {
    match list.as_array() {
        Some(list) if !list.is_empty() => list.iter().map(text).collect(),
        _ => vec!["any".to_owned()],
    }
}

fn other(value: &Value) -> String {
    let keys = value.as_object().into_iter().flatten().map(|(key, it)| match key.as_str() {
        "podSelector" => labels(it),
        "namespaceSelector" => format!("namespace:{}", labels(it)),
        "ipBlock" if it.as_object().is_some_and(|block| block.len() == 1) => it["cidr"].to_string().replace('"', ""),
        _ => format!("{key}:{it}"),
    });
    keys.collect::<Vec<_>>().join(" ")
}

fn port(value: &Value) -> String {
    let keys = value.as_object().map_or(0, serde_json::Map::len);
    let number = value["port"].to_string().replace('"', "");
    match value["protocol"].as_str() {
        Some(protocol) if keys == 2 => format!("{protocol} {number}"),
        _ => value.to_string(),
    }
}

fn labels(selector: &Value) -> String {
    let keys = selector.as_object().into_iter().flatten();
    let keys = keys.map(|(key, it)| match (key.as_str(), it.as_object()) {
        ("matchLabels", Some(labels)) => {
            let label = |(key, value): (&String, &Value)| {
                format!("{}={}", key.trim_start_matches("app.kubernetes.io/"), value.as_str().unwrap_or_default())
            };
            labels.iter().map(label).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",")
        }
        _ => format!("{key}:{it}"),
    });
    let text = keys.collect::<Vec<_>>().join(" ");
    if text.is_empty() { "any".to_owned() } else { text }
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
