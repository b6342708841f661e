//! What other services tell afterwards.

use proto::ticket::v1::{self as wire, record_deadline_outcome_request::Outcome};
use rpc::Refusal;
use uuid::Uuid;

use super::form::Form;
use super::kinds;
use super::requests::{Asked, asked};
use crate::domain::{DeadlineOutcome, NoticeOutcome, RungOutcome};

/// Longest code, template id or resource name that is noted.
const CODE_MAX: usize = 128;

/// What the SLA monitor did about a clock.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn record_deadline(request: &wire::RecordDeadlineOutcomeRequest) -> Result<Asked<DeadlineOutcome>, Refusal> {
    let mut form = Form::new();
    let clock = form.required_choice("clock", request.clock, kinds::clock);
    let epoch = form.rule("epoch", (request.epoch >= 1).then_some(request.epoch).ok_or("must be 1 or more"));
    let level = i16::try_from(request.level).ok().filter(|level| (-9..=9).contains(level));
    let level = form.rule("level", level.ok_or("must be -9 to 9"));
    let outcome = form.required_choice("outcome", request.outcome, outcome);
    let outcome_time = form.required_time("outcome_time", request.outcome_time.as_ref());
    let due_time = form.time("due_time", request.due_time.as_ref());
    let reason = form.optional("reason", &request.reason, code);
    let lateness = form.span("lateness", request.lateness.as_ref());
    let notice = form.choice("notice_state", request.notice_state, kinds::notice);
    let outcome = match (outcome, notice) {
        (Some(Outcome::Warned), _) => Some(RungOutcome::Warned),
        (Some(Outcome::Superseded), _) => Some(RungOutcome::Superseded),
        (Some(Outcome::RepeatNotice), Some(notice)) => {
            form.present("notice_state", notice).map(RungOutcome::RepeatNotice)
        }
        _ => None,
    };
    let note = (|| {
        Some(DeadlineOutcome {
            clock: clock?,
            epoch: epoch?,
            level: level?,
            outcome: outcome?,
            outcome_time: outcome_time?,
            due_time: due_time?,
            reason: reason?,
            lateness: lateness?,
        })
    })();
    asked(form, ("appeal", &request.appeal), "", &request.request_id, note)
}

/// What became of a notice; its subject is the appeal.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn record_notice(request: &wire::RecordNoticeOutcomeRequest) -> Result<Asked<NoticeOutcome>, Refusal> {
    let mut form = Form::new();
    let Some(told) = form.present("outcome", request.outcome.as_ref()) else {
        form.request_id(&request.request_id);
        return form.finish(None);
    };
    let notification = form.required("outcome.notification", &told.notification, code);
    let send_request =
        form.rule("outcome.send_request_id", Uuid::try_parse(&told.send_request_id).map_err(|_| "must be a UUID"));
    let template = form.required("outcome.template", &told.template, code);
    let state = form.required_choice("outcome.state", told.state, kinds::notice);
    let outcome_time = form.required_time("outcome.outcome_time", told.outcome_time.as_ref());
    let reason = form.optional("outcome.reason", &told.reason, code);
    let note = (|| {
        Some(NoticeOutcome {
            notification: notification?,
            send_request: send_request?,
            template: template?,
            state: state?,
            outcome_time: outcome_time?,
            reason: reason?,
        })
    })();
    asked(form, ("outcome.subject", &told.subject), "", &request.request_id, note)
}

fn outcome(outcome: Outcome) -> Option<Outcome> {
    (outcome != Outcome::Unspecified).then_some(outcome)
}

/// Codes go into the journal as they are, so they can't be free text: that might be personal.
fn code(text: &str) -> Result<String, &'static str> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'.' | b':'));
    if plain && text.len() <= CODE_MAX { Ok(text.to_owned()) } else { Err("must be a code, not free text") }
}
