//! Refusals of the domain as the contract's (rule 11): one row of the table each.

use std::time::Duration;

use proto::ticket::v1::ErrorReason;
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

use crate::domain::{self, State, appeal_name};

/// A set is on its way for seconds: it is told in a call of its own.
const UNTIL_KNOWN: Duration = Duration::from_secs(5);

/// The refusal of a command on an appeal, as its caller sees it.
///
/// What the state does not allow is FAILED_PRECONDITION and never ABORTED, EPOCH_STALE too: a relay would try ABORTED again for
/// ever, and no repetition makes an old epoch the present one.
pub fn refuse(refusal: domain::Refusal, appeal: Uuid) -> Refusal {
    use domain::Refusal as R;
    let name = appeal_name(appeal);
    let precondition = |reason, description: String| Refusal::precondition(reason, name.clone(), description);
    let text = refusal.to_string();
    match refusal {
        R::Closed { state } => precondition(ErrorReason::AppealClosed, format!("{text}; {}", allowed_after(state)))
            .with("state", state.as_str()),
        R::StateNotAllowed { state, .. } => {
            precondition(ErrorReason::StateNotAllowed, text).with("state", state.as_str())
        }
        R::NotAssignee => precondition(ErrorReason::NotAssignee, text),
        R::MemberNotSuitable(_) => precondition(ErrorReason::MemberNotSuitable, text),
        R::ReopenWindowPassed { until } => {
            precondition(ErrorReason::ReopenWindowPassed, text).with("until", until.to_string())
        }
        R::EpochStale { present } => precondition(ErrorReason::EpochStale, text).with("epoch", present.to_string()),
        R::ClockNotRunning { state } => {
            precondition(ErrorReason::ClockNotRunning, text).with("clock_state", state.as_str())
        }
        R::DeadlinePassed { due } => precondition(ErrorReason::DeadlinePassed, text).with("due_time", due.to_string()),
        R::NotExtensible(_) => precondition(ErrorReason::ExtensionNotAllowed, text),
        R::ExtensionProposed => precondition(ErrorReason::ExtensionProposed, text),
        R::PolicySetUnknown => Refusal::unavailable_for(ErrorReason::PolicySetUnknown, UNTIL_KNOWN),
        R::PolicyNotInSet => precondition(ErrorReason::PolicyNotInSet, text),
        R::NotEscalated => precondition(ErrorReason::NotEscalated, text),
        R::AssuranceRequired { level } => {
            precondition(ErrorReason::AssuranceRequired, text).with("level", level.as_str())
        }
        R::AssertionInvalid(_) => Refusal::unauthenticated(ErrorReason::AssertionInvalid, text),
        R::CalendarHorizon { calendar, horizon } => precondition(ErrorReason::CalendarHorizon, text)
            .with("calendar", calendar)
            .with("horizon", horizon.to_string()),
        R::EtagStale => Refusal::stale(ErrorReason::EtagStale, text),
        R::TextRequired => {
            let mut violations = Violations::new();
            violations.add("text", reasons::FIELD_REQUIRED, "the applicant was asked for an answer in words");
            Refusal::invalid(violations)
        }
        R::Broken(fault) => Refusal::internal(fault),
    }
}

/// The same answer for somebody else's appeal and for none: who may not see it learns nothing.
pub fn not_yours() -> Refusal {
    Refusal::denied(reasons::NOT_YOURS, "the resource is not the caller's, or does not exist")
}

/// For callers who may know that nothing is there. `named`: `appeals/{uuid}`, or the number that was looked for.
pub fn appeal_not_found(named: impl Into<String>) -> Refusal {
    Refusal::not_found(ErrorReason::AppealNotFound, "otklik.ticket.v1.Appeal", named)
}

/// No member has this id.
pub fn member_not_found(id: &str) -> Refusal {
    Refusal::not_found(ErrorReason::MemberNotFound, "otklik.ticket.v1.Member", format!("staff/{id}"))
}

/// A member has this id already.
pub fn member_exists(id: &str) -> Refusal {
    Refusal::exists(ErrorReason::MemberExists, "otklik.ticket.v1.Member", format!("staff/{id}"))
}

fn allowed_after(state: State) -> &'static str {
    match state {
        State::Resolved => "it may be reopened within the window, and notes may be posted",
        _ => "only notes may be posted",
    }
}
