//! PreviewDueTime: what an appeal would be promised.

use std::sync::Arc;

use ::deadline::{ClockKind, Features, is_region};
use jiff::Timestamp;
use person::{ApplicantGroup, Zone};
use proto::from_wire;
use proto::sla::v1::{ErrorReason, PreviewDueTimeRequest, PreviewDueTimeResponse};
use rpc::{Caller, Refusal, Violations, reasons};

use crate::domain::micros;
use crate::grpc::convert::{explanation_to_wire, not_computable, set_name, set_version};
use crate::{App, words};

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: PreviewDueTimeRequest,
) -> Result<PreviewDueTimeResponse, Refusal> {
    let (features, zone, file_time) = read(&request)?;
    let filed = file_time.unwrap_or_else(|| micros(app.db.now()));
    let published = app.shelf.published();
    let set = match (request.policy_set.as_str(), set_version(&request.policy_set)) {
        ("", _) => published.in_force(filed),
        (name, version) => {
            // A malformed name names nothing, and is not repeated: anything may have been typed there.
            let named = version.map_or("(malformed)", |_| name);
            let unknown = || Refusal::not_found(ErrorReason::PolicySetNotFound, "otklik.sla.v1.PolicySet", named);
            published.sets().rev().find(|set| Some(set.version()) == version).ok_or_else(unknown)?
        }
    };
    let policy = set.select(&features);
    let mut explanations = Vec::new();
    for clock in ClockKind::FROM_FILING.into_iter().chain([ClockKind::Acceptance]) {
        // Not every policy promises every one; a loaded set has the calendars of its policies.
        let Some(term) = set.term_for(&policy.id, clock, Some(zone.as_str())) else { continue };
        let told = term.explain(filed, &[]).map_err(|it| not_computable(&policy.id, it))?;
        let due_time = told.due.time().map(micros);
        let mut explanation = explanation_to_wire(&told, clock, set.version().into(), due_time);
        explanation.text = words::told(&told, &request.language_code);
        explanations.push(explanation);
    }
    Ok(PreviewDueTimeResponse { policy_set: set_name(set.version()), policy: policy.id.clone(), explanations })
}

fn read(request: &PreviewDueTimeRequest) -> Result<(Features<'_>, Zone, Option<Timestamp>), Refusal> {
    let mut violations = Violations::new();
    if request.category.is_empty() {
        violations.add("category", reasons::FIELD_REQUIRED, "must be given");
    }
    let kind = name(&mut violations, "kind", &request.kind);
    let priority = name(&mut violations, "priority", &request.priority);
    let channel = name(&mut violations, "channel", &request.channel);
    if !request.region.is_empty() && !is_region(&request.region) {
        violations.add("region", reasons::FIELD_INVALID, "must be an ISO 3166-2 code, such as RU-SA");
    }
    if !request.applicant_group.is_empty() {
        let read = ApplicantGroup::parse(&request.applicant_group);
        read.map_err(|rule| violations.add("applicant_group", reasons::FIELD_INVALID, rule)).ok();
    }
    let zone = Zone::parse(&request.time_zone);
    let zone = zone.map_err(|rule| violations.add("time_zone", reasons::FIELD_INVALID, rule)).ok();
    let file_time = request.file_time.as_ref().and_then(from_wire).map(micros);
    if request.file_time.is_some() && file_time.is_none() {
        violations.add("file_time", reasons::FIELD_INVALID, "must be an instant");
    }
    match (kind, priority, channel, zone, violations.is_empty()) {
        (Some(kind), Some(priority), Some(channel), Some(zone), true) => {
            let told = |given| Some(given).filter(|given: &&str| !given.is_empty());
            let (region, applicant_group) = (told(&request.region), told(&request.applicant_group));
            let features = Features { category: &request.category, kind, priority, channel, region, applicant_group };
            Ok((features, zone, file_time))
        }
        _ => Err(Refusal::invalid(violations)),
    }
}

/// A value of a closed list, by its name.
fn name<T: std::str::FromStr>(violations: &mut Violations, field: &'static str, given: &str) -> Option<T> {
    let value = given.parse().ok();
    if given.is_empty() {
        violations.add(field, reasons::FIELD_REQUIRED, "must be given");
    } else if value.is_none() {
        violations.add(field, reasons::FIELD_INVALID, "is not in the list");
    }
    value
}
