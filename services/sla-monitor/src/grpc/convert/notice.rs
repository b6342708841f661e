//! What became of a notice, from the wire.

use proto::from_wire;
use proto::sla::v1::RecordNoticeOutcomeRequest;
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

use crate::domain::micros;
use crate::routes::{NoticeNews, notice_name};

/// What was told.
pub(crate) struct Told {
    /// Of the SendNotification.
    pub(crate) send_request_id: Uuid,
    /// The state's name.
    pub(crate) notice: &'static str,
    /// The rest.
    pub(crate) news: NoticeNews,
}

pub(crate) fn notice_outcome(request: &RecordNoticeOutcomeRequest) -> Result<Told, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let Some(outcome) = &request.outcome else {
        violations.add("outcome", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    if outcome.notification.is_empty() {
        violations.add("outcome.notification", reasons::FIELD_REQUIRED, "must be given");
    }
    let notice = notice_name(outcome.state());
    if notice.is_none() {
        violations.add("outcome.state", reasons::FIELD_INVALID, "must be a state that was reached");
    }
    let time = outcome.outcome_time.as_ref().and_then(from_wire);
    if time.is_none() {
        violations.add("outcome.outcome_time", reasons::FIELD_REQUIRED, "must be an instant");
    }
    let send_request_id = Uuid::try_parse(&outcome.send_request_id).ok();
    if send_request_id.is_none() {
        violations.add("outcome.send_request_id", reasons::FIELD_REQUIRED, "must be a UUID");
    }
    match (send_request_id, notice, time, violations.is_empty()) {
        (Some(send_request_id), Some(notice), Some(time), true) => {
            let news = NoticeNews { state: outcome.state(), time: micros(time), reason: outcome.reason.clone() };
            Ok(Told { send_request_id, notice, news })
        }
        _ => Err(Refusal::invalid(violations)),
    }
}
