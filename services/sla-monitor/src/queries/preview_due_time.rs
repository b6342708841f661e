//! PreviewDueTime: what an appeal would be promised.

use std::sync::Arc;

use ::deadline::{ClockKind, Features, Pin, explain};
use jiff::Timestamp;
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
    let (features, file_time) = read(&request)?;
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
    for clock in ClockKind::FROM_FILING {
        let found = policy.plan(clock).and_then(|plan| Some((plan, set.calendar(&plan.calendar)?)));
        let (plan, calendar) = found.ok_or_else(|| Refusal::internal("a policy without its calendar"))?;
        let pin = Pin { id: policy.id.clone(), version: policy.version };
        let told = explain(pin, calendar, filed, plan.allowance, &[]).map_err(|it| not_computable(&policy.id, it))?;
        let due_time = told.due.time().map(micros);
        let mut explanation = explanation_to_wire(&told, clock, set.version().into(), due_time);
        explanation.text = words::told(&told, &request.language_code);
        explanations.push(explanation);
    }
    Ok(PreviewDueTimeResponse { policy_set: set_name(set.version()), policy: policy.id.clone(), explanations })
}

fn read(request: &PreviewDueTimeRequest) -> Result<(Features<'_>, Option<Timestamp>), Refusal> {
    let mut violations = Violations::new();
    if request.category.is_empty() {
        violations.add("category", reasons::FIELD_REQUIRED, "must be given");
    }
    let kind = name(&mut violations, "kind", &request.kind);
    let priority = name(&mut violations, "priority", &request.priority);
    let channel = name(&mut violations, "channel", &request.channel);
    let file_time = request.file_time.as_ref().and_then(from_wire).map(micros);
    if request.file_time.is_some() && file_time.is_none() {
        violations.add("file_time", reasons::FIELD_INVALID, "must be an instant");
    }
    match (kind, priority, channel, violations.is_empty()) {
        (Some(kind), Some(priority), Some(channel), true) => {
            Ok((Features { category: &request.category, kind, priority, channel }, file_time))
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
