//! Wire <-> domain. A request is converted whole: every violation is found before it is refused.

mod citizen;
mod verification;

use std::time::Duration;

use jiff::Timestamp;
use proto::from_wire;
use proto::identity::v1::{AssuranceLevel, ErrorReason, RecordNoticeOutcomeRequest};
use rpc::{Caller, Refusal, Role, Violations, reasons};
use uuid::Uuid;

pub(crate) use self::citizen::{citizen_to_wire, create_citizen};
pub(crate) use self::verification::{
    confirm_code, issue_assertion, resend_code, start_verification, verification_to_wire,
};
use crate::domain::{self, Level, verification_name};
use crate::store::notice_outcome::NoticeOutcome;

/// Longest name of a template and longest reason of an outcome.
const WORD_MAX: usize = 64;

/// Whether the caller may act for `owner`: a citizen for themselves alone, everybody else whom the access table let through for all.
pub(crate) fn allow(caller: &Caller, owner: Option<Uuid>) -> Result<(), Refusal> {
    if caller.is(Role::Citizen) && (owner.is_none() || caller.citizen() != owner) {
        return Err(Refusal::denied(reasons::NOT_YOURS, "this is not yours, or does not exist"));
    }
    Ok(())
}

/// The gRPC form of a domain's refusal.
pub(crate) fn refusal(why: domain::Refusal, verification: Uuid, now: Timestamp) -> Refusal {
    let subject = verification_name(verification);
    let precondition = |reason, text: &str| Refusal::precondition(reason, &subject, text);
    match why {
        domain::Refusal::ContactMissing => {
            precondition(ErrorReason::ContactMissing, "the citizen has no contact for this method")
        }
        domain::Refusal::SendLimit(next) => {
            let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            Refusal::exhausted(ErrorReason::SendLimit, "codes to one address", wait)
        }
        domain::Refusal::Ended => precondition(ErrorReason::VerificationEnded, "only a pending verification goes on"),
        domain::Refusal::CodeWrong(left) => {
            precondition(ErrorReason::CodeWrong, "the code is wrong").with("attempts_left", left.to_string())
        }
        domain::Refusal::CodeExpired => precondition(ErrorReason::CodeExpired, "the time is over; ask for a new code"),
        domain::Refusal::AttemptsExhausted => {
            precondition(ErrorReason::AttemptsExhausted, "the tries are used up; start a new verification")
        }
        domain::Refusal::NotConfirmed => precondition(ErrorReason::NotConfirmed, "the verification is not confirmed"),
        domain::Refusal::PurposeMismatch => {
            precondition(ErrorReason::PurposeMismatch, "it was started for another appeal or action")
        }
        domain::Refusal::LevelNotReached => {
            precondition(ErrorReason::LevelNotReached, "its method gives a lower level")
        }
    }
}

/// RecordNoticeOutcome's request.
pub(crate) fn notice_outcome(request: &RecordNoticeOutcomeRequest) -> Result<NoticeOutcome<'_>, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let Some(outcome) = &request.outcome else {
        violations.add("outcome", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    // Kept in clear, so nothing but names and words of our own.
    if domain::parse_name("notifications", &outcome.notification).is_none() {
        violations.add("outcome.notification", reasons::FIELD_INVALID, "must be notifications/{uuid}");
    }
    for (path, word) in [("outcome.template", &outcome.template), ("outcome.reason", &outcome.reason)] {
        if word.len() > WORD_MAX || !word.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'0'..=b'9' | b'_')) {
            violations.add(
                path,
                reasons::FIELD_INVALID,
                "must be a word of letters, digits and underscores, at most 64",
            );
        }
    }
    let time = outcome.outcome_time.as_ref().and_then(from_wire);
    if time.is_none() {
        violations.add("outcome.outcome_time", reasons::FIELD_REQUIRED, "must be an instant");
    }
    violations.finish()?;
    Ok(NoticeOutcome {
        notification: &outcome.notification,
        state: outcome.state().as_str_name(),
        template: &outcome.template,
        reason: &outcome.reason,
        outcome_time: time.unwrap_or_default(),
    })
}

pub(crate) fn level_to_wire(level: Level) -> AssuranceLevel {
    match level {
        Level::None => AssuranceLevel::None,
        Level::Simplified => AssuranceLevel::Simplified,
        Level::Standard => AssuranceLevel::Standard,
        Level::Confirmed => AssuranceLevel::Confirmed,
    }
}
