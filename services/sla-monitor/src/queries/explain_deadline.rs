//! ExplainDeadline: replays the arithmetic of a promise, with the versions it was made under or not at all.

use std::sync::Arc;

use ::deadline::{ClockKind, explain_extended};
use proto::sla::v1::{ErrorReason, ExplainDeadlineRequest, Explanation};
use rpc::{Caller, Refusal};

use super::find;
use crate::grpc::convert::{explanation_to_wire, extension_to_wire, kind_from_wire, not_computable};
use crate::{App, words};

pub(crate) async fn run(app: Arc<App>, _: Caller, request: ExplainDeadlineRequest) -> Result<Explanation, Refusal> {
    let deadline = find(&app, &request.name).await?;
    let promise = &deadline.promise;
    let name = &request.name;
    let kind = kind_from_wire(request.clock()).unwrap_or(ClockKind::Resolution);
    let clock = promise.clock(kind).ok_or_else(|| {
        Refusal::not_found(ErrorReason::ClockNotFound, "otklik.sla.v1.Clock", name).with("clock", kind.as_str())
    })?;
    let policies = app.policies();
    let set = policies.set_of(promise, clock);
    let under = set.and_then(|set| {
        let policy = set.policy(&promise.policy)?;
        Some((set, policy, policy.plan(kind)?))
    });
    let Some((set, policy, plan)) = under else {
        let text = "the policy that the promise was made under is not held here";
        return Err(Refusal::precondition(ErrorReason::PolicyUnknown, name, text)
            .with("policy", &promise.policy)
            .with("policy_version", promise.policy_version.to_string()));
    };
    let calendar = set.calendar_for(&clock.calendar, plan, promise.zone.as_deref());
    let calendar = calendar.filter(|it| i64::from(it.version()) == clock.calendar_version);
    let Some(calendar) = calendar else {
        let text = "the calendar that the promise was counted by is not held here";
        return Err(Refusal::precondition(ErrorReason::CalendarUnknown, name, text)
            .with("calendar", &clock.calendar)
            .with("calendar_version", clock.calendar_version.to_string()));
    };
    let suspensions = plan.pausing(&promise.counted_suspensions());
    let explanation =
        explain_extended(policy.pin(), &calendar, clock.start_time, clock.allowance, &clock.granted(), &suspensions);
    let explanation = explanation.map_err(|refused| not_computable(name, refused))?;
    let mut told = explanation_to_wire(&explanation, kind, set.version().into(), clock.due_time);
    told.extensions = clock.extensions.iter().map(extension_to_wire).collect();
    told.text = words::told(&explanation, &request.language_code);
    Ok(told)
}
