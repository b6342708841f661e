//! What this service tells others, as pure functions, and what follows from their answers.
//!
//! ```text
//! a rung moved on                 ticket                                      notification
//! ------------------------------  ------------------------------------------  ----------------------------------------
//! warning ACTED                   RecordDeadlineOutcome(WARNED)               -
//! level n FIRED                   EscalateAppeal(n)                           -
//!   done, resolution: ACTED       -                                           SendNotification(overdue_repeat)
//!     heard of after its time     -                                           -   (the next level is due, and tells its own)
//!   done, an answer: ACTED        -                                           -   (staff are told by the ticket service)
//!   refused as expected           -                                           -   SUPPRESSED
//! any level SUPERSEDED            RecordDeadlineOutcome(SUPERSEDED)           -
//! RecordNoticeOutcome came        RecordDeadlineOutcome(REPEAT_NOTICE)        -
//! a set was published             PutPolicySet                                -
//! MendDeadline of a lost promise  RetellPromise                               -   (the ticket service tells it as it always does)
//! a re-base came to a deadline    RebaseAppeal                                -   (the ticket service tells the citizen)
//!   done, or refused              -                                           -   its entries in the log
//! ```
//!
//! No call follows from a RecordDeadlineOutcome. `follow` applies the left column; here is only what the calls say.

use ::deadline::Holder;
use jiff::{SignedDuration, Timestamp};
use outbox::Call;
use proto::notification::v1::{
    self as notification, Notification, SendNotificationRequest, Variable, notification::State as NoticeState,
    variable::Value,
};
use proto::sla::v1::PolicySet;
use proto::ticket::v1::{
    Appeal, EscalateAppealRequest, PutPolicySetRequest, RebaseAppealRequest, RecordDeadlineOutcomeRequest,
    RetellPromiseRequest, record_deadline_outcome_request::Outcome,
};
use proto::{DurableCall, to_wire};
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::{Deadline, Rung, RungKey, RungState, appeal_name, kind_of, lateness};
use crate::grpc::convert::{duration_to_wire, kind_to_wire};

/// Sets follow each other: the ticket service hears of them in the order of their versions.
const SETS: &str = "policySets";

pub(crate) const TICKET: &str = "ticket";
const NOTIFICATION: &str = "notification";

/// The template of the repeat notice.
const REPEAT: &str = "overdue_repeat";

/// What the ticket service may answer to a hand-over in the ordinary course of things: the appeal ended, is paused, or has another due time,
/// and we will be told.
const TOO_LATE: [&str; 3] = ["APPEAL_CLOSED", "CLOCK_NOT_RUNNING", "EPOCH_STALE"];

/// What the ticket service may answer to a re-base: it stays as it was promised, and the log says why.
const NOT_REBASED: [&str; 5] =
    ["APPEAL_CLOSED", "APPEAL_NOT_FOUND", "EXTENSION_PROPOSED", "POLICY_NOT_IN_SET", "CALENDAR_HORIZON"];

/// What a call carries along to find its rung again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Note {
    deadline: Uuid,
    clock: String,
    epoch: i64,
    level: i16,
}

/// What became of a repeat notice.
#[derive(Clone, Debug)]
pub(crate) struct NoticeNews {
    pub(crate) state: NoticeState,
    pub(crate) time: Timestamp,
    pub(crate) reason: String,
}

/// Whether a refusal is in the ordinary course of things.
pub(crate) fn expects(method: &str, reason: &str) -> bool {
    match method {
        EscalateAppealRequest::METHOD => TOO_LATE.contains(&reason),
        RebaseAppealRequest::METHOD => NOT_REBASED.contains(&reason),
        _ => false,
    }
}

/// The call that follows from a rung that has just moved on; `late_after`: from which lateness on it is labelled.
pub(crate) fn moved(deadline: &Deadline, rung: &Rung, now: Timestamp, late_after: SignedDuration) -> Option<Call> {
    let late = rung.fire_time.and_then(|planned| lateness(planned, rung.act_time.unwrap_or(now), late_after));
    match rung.state {
        RungState::Fired => Some(escalate(deadline, rung, late)),
        RungState::Acted => Some(outcome(deadline, rung, Outcome::Warned, now, late)),
        RungState::Superseded => Some(outcome(deadline, rung, Outcome::Superseded, now, late)),
        RungState::Armed | RungState::Suppressed => None,
    }
}

/// Hands the appeal to a level.
fn escalate(deadline: &Deadline, rung: &Rung, late: Option<SignedDuration>) -> Call {
    let name = appeal_name(deadline.id);
    let request = EscalateAppealRequest {
        name: name.clone(),
        level: rung.key.level.into(),
        clock: kind_to_wire(rung.key.clock).into(),
        epoch: rung.key.epoch,
        level_due_time: rung.promise_time.map(to_wire),
        lateness: late.map(duration_to_wire),
        request_id: String::new(),
    };
    Call::new(TICKET, name, request).note(Note::of(deadline.id, rung.key))
}

/// Tells the journal what became of a rung that handed nothing up.
fn outcome(deadline: &Deadline, rung: &Rung, what: Outcome, now: Timestamp, late: Option<SignedDuration>) -> Call {
    let due = deadline.promise.clock(rung.key.clock).and_then(|clock| clock.due_time);
    let name = appeal_name(deadline.id);
    let request = RecordDeadlineOutcomeRequest {
        appeal: name.clone(),
        clock: kind_to_wire(rung.key.clock).into(),
        epoch: rung.key.epoch,
        level: rung.key.level.into(),
        outcome: what.into(),
        outcome_time: Some(to_wire(rung.act_time.unwrap_or(now))),
        // A level's concern is its own promise, the warning's the due time.
        due_time: rung.promise_time.or(due).map(to_wire),
        reason: rung.reason.clone().unwrap_or_default(),
        notice_state: NoticeState::Unspecified.into(),
        lateness: late.map(duration_to_wire),
        request_id: String::new(),
    };
    Call::new(TICKET, name, request)
}

/// Tells the citizen that we are late, who has it now, and when to expect it. Released by the ticket service's answer alone, which carries
/// recipient, contact and language. The event is the firing: notification drops the notice when it knows of a later resolution.
///
/// None when the answer names no recipient. `holder`: whom the level hands to, as far as that is known.
pub(crate) fn repeat(
    deadline: &Deadline,
    rung: &Rung,
    holder: Option<Holder>,
    appeal: &Appeal,
    expire_time: Timestamp,
) -> Option<Call> {
    if appeal.recipient.is_empty() {
        return None;
    }
    let due = deadline.promise.clock(rung.key.clock).and_then(|clock| clock.due_time);
    // What the ticket service has taken over is what the citizen sees everywhere else.
    let expected = appeal.expected_time.or(rung.promise_time.or(due).map(to_wire));
    let variable = |name: &str, value| Variable { name: name.to_owned(), value: Some(value) };
    let mut variables = vec![variable("number", Value::Text(deadline.promise.number.clone()))];
    variables.extend(expected.map(|time| variable("due_time", Value::Time(time))));
    // A word of the template's, which has it in every language.
    let named = holder.filter(|it| *it != Holder::SecurityOfficer);
    variables.extend(named.map(|it| variable("handler", Value::Text(it.as_str().to_owned()))));
    let contact = appeal.contact.as_ref();
    let contact = contact.map(|it| notification::Contact { phone: it.phone.clone(), email: it.email.clone() });
    let name = appeal_name(deadline.id);
    let notice = Notification {
        recipient: appeal.recipient.clone(),
        template: REPEAT.to_owned(),
        subject: name.clone(),
        variables,
        contact,
        language_code: appeal.language_code.clone(),
        event_time: rung.act_time.map(to_wire),
        expire_time: Some(to_wire(expire_time)),
        ..Notification::default()
    };
    let request = SendNotificationRequest { notification: Some(notice), request_id: String::new() };
    Some(Call::new(NOTIFICATION, name, request).note(Note::of(deadline.id, rung.key)))
}

/// Tells the journal what became of a repeat notice.
pub(crate) fn repeat_noted(deadline: Uuid, key: RungKey, news: &NoticeNews) -> Call {
    let name = appeal_name(deadline);
    let request = RecordDeadlineOutcomeRequest {
        appeal: name.clone(),
        clock: kind_to_wire(key.clock).into(),
        epoch: key.epoch,
        level: key.level.into(),
        outcome: Outcome::RepeatNotice.into(),
        outcome_time: Some(to_wire(news.time)),
        due_time: None,
        reason: news.reason.clone(),
        notice_state: news.state.into(),
        lateness: None,
        request_id: String::new(),
    };
    Call::new(TICKET, name, request)
}

/// Carries a published set to where promises are made.
pub(crate) fn put_policy_set(set: PolicySet) -> Call {
    Call::new(TICKET, SETS, PutPolicySetRequest { policy_set: Some(set), request_id: String::new() })
}

/// Asks to be told an appeal's promise again.
pub(crate) fn retell(deadline: Uuid) -> Call {
    let name = appeal_name(deadline);
    Call::new(TICKET, name.clone(), RetellPromiseRequest { name, request_id: String::new() })
}

/// Has an appeal promised under another set. In no order with what else the appeal is told of: the ticket service decides by what is so when it
/// comes, and a level that is due must not wait for it, say where the set is not known there.
pub(crate) fn rebase(rebase: Uuid, deadline: Uuid, policy_hash: &str, until: Timestamp) -> Call {
    let name = appeal_name(deadline);
    let request = RebaseAppealRequest { name, policy_hash: policy_hash.to_owned(), request_id: String::new() };
    Call::new(TICKET, format!("rebases/{deadline}"), request)
        .expires(until)
        .note(serde_json::json!({ "rebase": rebase, "deadline": deadline }))
}

/// Re-base and deadline of a settled call.
pub(crate) fn rebase_note(note: &serde_json::Value) -> Option<(Uuid, Uuid)> {
    let uuid = |field: &str| note[field].as_str()?.parse().ok();
    Some((uuid("rebase")?, uuid("deadline")?))
}

// === impl Note ===

impl Note {
    fn of(deadline: Uuid, key: RungKey) -> serde_json::Value {
        serde_json::json!({
            "deadline": deadline, "clock": key.clock.as_str(), "epoch": key.epoch, "level": key.level,
        })
    }

    /// Deadline and rung of a settled call; `None` for one that this service can't have written.
    pub(crate) fn read(note: &serde_json::Value) -> Option<(Uuid, RungKey)> {
        let Note { deadline, clock, epoch, level } = serde_json::from_value(note.clone()).ok()?;
        Some((deadline, RungKey { clock: kind_of(&clock)?, epoch, level }))
    }
}

/// Whether a state of a notice is one that outcomes are told of, with its name.
pub(crate) fn notice_name(state: NoticeState) -> Option<&'static str> {
    match state {
        NoticeState::Unspecified | NoticeState::Queued => None,
        NoticeState::Sent => Some("SENT"),
        NoticeState::Delivered => Some("DELIVERED"),
        NoticeState::Failed => Some("FAILED"),
        NoticeState::Expired => Some("EXPIRED"),
        NoticeState::Dropped => Some("DROPPED"),
    }
}
