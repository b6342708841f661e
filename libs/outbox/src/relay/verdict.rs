//! What an answer means for the call. Pure.

use bytes::Bytes;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Attempts that may end in a fault of the receiver's own: 1, 2, 4 … 30 s apart.
const FAULTS_FORGIVEN: i32 = 8;

/// What becomes of a call after an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Applied, now or before.
    Done(Bytes),
    /// Refused, as the route expected.
    Refused { reason: String },
    /// Refused otherwise: a person must look.
    Dead { error: String },
    /// Nobody knows whether it was applied, or the receiver asks to come again.
    Retry {
        error: String,
        /// `google.rpc.RetryInfo`.
        after: Option<Duration>,
        /// Whether this says that the destination as a whole is away, rather than that this call is too early.
        away: bool,
    },
}

// === impl Verdict ===

impl Verdict {
    /// Judges the answer to attempt number `attempts` (from 1); `expects` says which reasons the route takes in its stride.
    pub(crate) fn of(answer: Result<Bytes, Status>, attempts: i32, expects: impl FnOnce(&str) -> bool) -> Self {
        let status = match answer {
            Ok(answer) => return Verdict::Done(answer),
            Err(status) => status,
        };
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str());
        let error = describe(status.code(), reason);
        if may_be_repeated(status.code(), reason.is_some(), attempts) {
            let after = details.retry_info().and_then(|info| info.retry_delay);
            // A receiver that is away can't say why; one that says why is there, and so is one that lacks a method.
            let away = reason.is_none() && !matches!(status.code(), Code::Unauthenticated | Code::Unimplemented);
            return Verdict::Retry { error, after, away };
        }
        match reason {
            Some(reason) if expects(reason) => Verdict::Refused { reason: reason.to_owned() },
            _ => Verdict::Dead { error },
        }
    }

    /// Label of the attempts' counter.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Verdict::Done(_) => "done",
            Verdict::Refused { .. } => "refused",
            Verdict::Dead { .. } => "dead",
            Verdict::Retry { .. } => "retry",
        }
    }
}

/// Codes after which the same call may succeed. Every refusal of ours carries an ErrorInfo, so UNKNOWN and INTERNAL without one come from
/// a connection that broke or from something in between. UNAUTHENTICATED: our token is being renewed. UNIMPLEMENTED: the receiver is
/// being replaced by a version that has the method. An INTERNAL of ours is a fault that may pass, such as a statement that does not fit
/// the schema while that is being migrated: it is given about a minute and a half before a person is called.
fn may_be_repeated(code: Code, has_reason: bool, attempts: i32) -> bool {
    match code {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::ResourceExhausted
        | Code::Cancelled
        | Code::Unauthenticated
        | Code::Unimplemented => true,
        Code::Internal => !has_reason || attempts < FAULTS_FORGIVEN,
        Code::Unknown => !has_reason,
        _ => false,
    }
}

/// `UNAVAILABLE` or `FAILED_PRECONDITION APPEAL_CLOSED`: never a message, which may quote somebody.
fn describe(code: Code, reason: Option<&str>) -> String {
    let code = rpc::code_name(code);
    reason.map_or_else(|| code.to_owned(), |reason| format!("{code} {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    fn judge(code: Code, reason: Option<&str>) -> Verdict {
        judge_at(FAULTS_FORGIVEN, code, reason)
    }

    fn judge_at(attempts: i32, code: Code, reason: Option<&str>) -> Verdict {
        let mut details = ErrorDetails::new();
        if let Some(reason) = reason {
            details.set_error_info(reason, "ticket.otklik", []);
        }
        details.set_retry_info(Some(Duration::from_secs(7)));
        let status = Status::with_error_details(code, "+7 921 555 41 22", details);
        Verdict::of(Err(status), attempts, |reason| reason == "APPEAL_CLOSED")
    }

    #[test]
    fn a_fault_of_the_receivers_own_is_given_time_to_pass() {
        let first = judge_at(1, Code::Internal, Some("INTERNAL"));
        assert!(matches!(first, Verdict::Retry { away: false, .. }), "{first:?}");
        assert!(matches!(judge_at(7, Code::Internal, Some("INTERNAL")), Verdict::Retry { .. }));
        assert_eq!(judge_at(8, Code::Internal, Some("INTERNAL")), Verdict::Dead { error: "INTERNAL INTERNAL".into() });
        assert!(matches!(judge_at(1, Code::Unknown, Some("SOMETHING")), Verdict::Dead { .. }));
    }

    #[test]
    fn every_code_has_its_verdict() {
        let repeated = [1, 4, 8, 10, 12, 14, 16];
        for number in 1..=16 {
            let code = Code::from_i32(number);
            let named = judge(code, Some("SOMETHING"));
            if repeated.contains(&number) {
                assert!(matches!(named, Verdict::Retry { away: false, .. }), "{code:?}: {named:?}");
            } else {
                assert!(matches!(named, Verdict::Dead { .. }), "{code:?}: {named:?}");
            }
            assert!(!format!("{named:?}").contains("921"), "{named:?}");
        }
        for code in [Code::Unknown, Code::Internal, Code::Unavailable] {
            let after = Some(Duration::from_secs(7));
            let error = describe(code, None);
            assert_eq!(judge(code, None), Verdict::Retry { error, after, away: true });
        }
        // In a rolling upgrade it takes all other calls.
        assert!(matches!(judge(Code::Unimplemented, None), Verdict::Retry { away: false, .. }));
    }

    #[test]
    fn only_a_declared_refusal_is_one() {
        let expected = judge(Code::FailedPrecondition, Some("APPEAL_CLOSED"));
        assert_eq!(expected, Verdict::Refused { reason: "APPEAL_CLOSED".into() });
        let other = judge(Code::FailedPrecondition, Some("EPOCH_STALE"));
        assert_eq!(other, Verdict::Dead { error: "FAILED_PRECONDITION EPOCH_STALE".into() });
        assert_eq!(judge(Code::NotFound, None), Verdict::Dead { error: "NOT_FOUND".into() });
        // A receiver that is merely busy is asked again, whatever the route declares.
        assert!(matches!(judge(Code::Unavailable, Some("APPEAL_CLOSED")), Verdict::Retry { .. }));
    }
}
