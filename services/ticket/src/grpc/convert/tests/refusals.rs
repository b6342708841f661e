use tonic::Code;

use super::*;
use crate::domain::Refusal as R;

#[test]
fn every_refusal_has_its_code_and_reason() {
    let level = AssuranceLevel::Simplified;
    let horizon = jiff::civil::date(2027, 12, 31);
    for (refusal, code, reason) in [
        (R::Closed { state: State::Resolved }, Code::FailedPrecondition, "APPEAL_CLOSED"),
        (R::StateNotAllowed { state: State::Registered, allowed: "X" }, Code::FailedPrecondition, "STATE_NOT_ALLOWED"),
        (R::NotAssignee, Code::FailedPrecondition, "NOT_ASSIGNEE"),
        (R::MemberNotSuitable(Unsuitable::OffDuty), Code::FailedPrecondition, "MEMBER_NOT_SUITABLE"),
        (R::ReopenWindowPassed { until: now() }, Code::FailedPrecondition, "REOPEN_WINDOW_PASSED"),
        (R::EpochStale { present: 2 }, Code::FailedPrecondition, "EPOCH_STALE"),
        (R::ClockNotRunning { state: ClockState::Paused }, Code::FailedPrecondition, "CLOCK_NOT_RUNNING"),
        (R::NotEscalated, Code::FailedPrecondition, "NOT_ESCALATED"),
        (R::AssuranceRequired { level }, Code::FailedPrecondition, "ASSURANCE_REQUIRED"),
        (R::AssertionInvalid("has expired"), Code::Unauthenticated, "ASSERTION_INVALID"),
        (R::CalendarHorizon { calendar: "c".into(), horizon }, Code::FailedPrecondition, "CALENDAR_HORIZON"),
        (R::EtagStale, Code::Aborted, "ETAG_STALE"),
        (R::TextRequired, Code::InvalidArgument, "REQUEST_INVALID"),
        (R::Broken("x".into()), Code::Internal, "INTERNAL"),
    ] {
        let told = refuse(refusal, id());
        assert_eq!((told.code(), told.reason()), (code, reason));
    }
    assert_eq!(faults(&refuse(R::TextRequired, id())), [("text", "FIELD_REQUIRED")]);
}

#[test]
fn somebody_elses_and_none_are_told_apart_to_staff_only() {
    assert_eq!((not_yours().code(), not_yours().reason()), (Code::PermissionDenied, "NOT_YOURS"));
    let missing = appeal_not_found(appeal_name(id()));
    assert_eq!((missing.code(), missing.reason()), (Code::NotFound, "APPEAL_NOT_FOUND"));
    assert_eq!(member_not_found("anna").reason(), "MEMBER_NOT_FOUND");
    assert_eq!((member_exists("anna").code(), member_exists("anna").reason()), (Code::AlreadyExists, "MEMBER_EXISTS"));
}
