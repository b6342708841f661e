//! Notices as the notification service gets them: recipient, template, variables. The words are its own.

use ::outbox::Call;
use jiff::Timestamp;
use proto::notification::v1 as notification;
use proto::notification::v1::variable::Value;

use super::{Change, NOTIFICATION, time};
use crate::domain::{Escalated, Event, Member, Proposed, Rebased, Recorded, RungNote, Text};

/// Most characters of a question and of an answer that the templates take.
const QUESTION_MAX: usize = 4_000;
const SUMMARY_MAX: usize = 8_000;

/// Language and zone in which members of staff are told; their tools are Russian.
const STAFF_LANGUAGE: &str = "ru";
const STAFF_ZONE: &str = "Europe/Moscow";

/// The applicant of the form without login, who is a recipient of their own for this one appeal. A citizen's recipient is identity
/// verification's.
pub(super) fn recipient(change: &Change<'_>) -> Option<Call> {
    let appeal = change.after;
    if appeal.citizen.is_some() {
        return None;
    }
    let recipient = notification::Recipient {
        name: appeal.recipient(),
        contact: Some(contact(change)),
        language_code: appeal.language.as_str().to_owned(),
        time_zone: appeal.time_zone.as_str().to_owned(),
        revision: 1,
        update_time: None,
    };
    let request = notification::UpsertRecipientRequest { recipient: Some(recipient), request_id: String::new() };
    Some(Call::new(NOTIFICATION, appeal.name(), request))
}

/// A member of staff as a recipient; none without an address.
pub(super) fn member(member: &Member, revision: i64) -> Option<Call> {
    let email = member.email.as_ref()?;
    let recipient = notification::Recipient {
        name: recipient_of(member),
        contact: Some(notification::Contact { phone: String::new(), email: email.expose().to_owned() }),
        language_code: STAFF_LANGUAGE.to_owned(),
        time_zone: STAFF_ZONE.to_owned(),
        revision,
        update_time: None,
    };
    let request = notification::UpsertRecipientRequest { recipient: Some(recipient), request_id: String::new() };
    Some(Call::new(NOTIFICATION, format!("staff/{}", member.id), request))
}

/// Number and due time, by SMS too: the first half of the sentence at the heart.
pub(super) fn registration(change: &Change<'_>, recorded: &Recorded) -> Call {
    let due = change.after.expected_time.unwrap_or(recorded.time);
    to_applicant(change, recorded, "registration", vec![number(change), instant("due_time", due)])
}

/// What the applicant is asked.
pub(super) fn question(change: &Change<'_>, recorded: &Recorded) -> Call {
    let question = variable("question", Value::Text(cut(change.text, QUESTION_MAX)));
    let variables = [number(change), question].into_iter().chain(answer_by(change)).collect();
    to_applicant(change, recorded, "applicant_question", variables)
}

/// That it still is the applicant's turn (L6).
pub(super) fn applicants_turn(change: &Change<'_>, recorded: &Recorded) -> Call {
    let variables = [number(change)].into_iter().chain(answer_by(change)).collect();
    to_applicant(change, recorded, "reminder", variables)
}

/// None where they are waited for for good.
fn answer_by(change: &Change<'_>) -> Option<notification::Variable> {
    let until = change.after.open_suspension().and_then(|open| open.resume_time);
    until.map(|until| instant("answer_by", until))
}

/// That the applicant was waited for long enough, and when to expect the answer.
pub(super) fn pause_ended(change: &Change<'_>, recorded: &Recorded, expected: Timestamp) -> Call {
    to_applicant(change, recorded, "pause_ended", vec![number(change), instant("due_time", expected)])
}

/// The same, to the member whose clock runs again.
pub(super) fn staff_pause_ended(
    change: &Change<'_>,
    recorded: &Recorded,
    member: &Member,
    expected: Timestamp,
) -> Call {
    let variables = vec![number(change), instant("due_time", expected)];
    to_member(change, recorded, member, "staff_pause_ended", variables)
}

/// The answer, which the e-mail carries, and until when it may be disputed.
pub(super) fn resolution(change: &Change<'_>, recorded: &Recorded) -> Call {
    let mut variables = vec![number(change), variable("summary", Value::Text(cut(change.text, SUMMARY_MAX)))];
    variables.extend(change.reopen_until.map(|until| instant("reopen_until", until)));
    to_applicant(change, recorded, "resolution", variables)
}

/// The new due time that an extension would bring, and why (L4). Past the old one it is not sent any more: it would be untrue.
pub(super) fn extension(change: &Change<'_>, recorded: &Recorded, proposed: &Proposed) -> Call {
    let variables = vec![
        number(change),
        instant("due_time", proposed.due_time),
        variable("reason", Value::Text(proposed.reason.as_str().to_owned())),
    ];
    let notice = notification::Notification {
        expire_time: time(proposed.old_due_time),
        ..applicant_notice(change, recorded, "deadline_extended", variables)
    };
    let request = notification::SendNotificationRequest { notification: Some(notice), request_id: String::new() };
    Call::with_id(proposed.notice, NOTIFICATION, change.after.name(), request)
}

/// The new expected time that other rules bring, where it is another one. While it is paused none is promised.
pub(super) fn changed(change: &Change<'_>, recorded: &Recorded, rebased: &Rebased) -> Option<Call> {
    let before = change.before.and_then(|before| before.expected_time);
    // One that is over by the other rules is told by the level that it makes due, with a time to come.
    let expected = rebased.expected_time.filter(|expected| Some(*expected) != before && *expected > recorded.time)?;
    Some(to_applicant(change, recorded, "deadline_changed", vec![number(change), instant("due_time", expected)]))
}

/// That the appeal is in another state (T13).
pub(super) fn status(change: &Change<'_>, recorded: &Recorded) -> Call {
    let status = match recorded.event {
        Event::Reopened { .. } => "reopened",
        _ => recorded.state.as_str(),
    };
    let variables = vec![
        number(change),
        variable("status", Value::Text(status.to_owned())),
        instant("changed_time", recorded.time),
    ];
    to_applicant(change, recorded, "status_change", variables)
}

/// That an appeal was given to a member.
pub(super) fn assigned(change: &Change<'_>, recorded: &Recorded, member: &Member) -> Call {
    let mut variables = vec![number(change), priority(change)];
    variables.extend(due(change));
    to_member(change, recorded, member, "staff_assigned", variables)
}

/// That an overdue appeal was handed up to a member, or stays with them; with the new time where the citizen is told one. The ladders of the answers
/// promise them nothing, and what they were told before has passed.
pub(super) fn escalated(change: &Change<'_>, recorded: &Recorded, member: &Member, escalated: &Escalated) -> Call {
    let level = variable("level", Value::Number(escalated.level.into()));
    let mut variables = vec![number(change), priority(change), level];
    variables.extend(escalated.expected_time.map(|time| instant("due_time", time)));
    to_member(change, recorded, member, "staff_escalated", variables)
}

/// None while the term is paused.
fn due(change: &Change<'_>) -> Option<notification::Variable> {
    change.after.expected_time.map(|due| instant("due_time", due))
}

/// That the due time of a member's appeal is near (L6). The monitor's word may come late, and nobody is reminded of what is paused, over
/// or due at another time by now.
pub(super) fn reminder(change: &Change<'_>, recorded: &Recorded, member: &Member, note: &RungNote) -> Option<Call> {
    let clock = change.after.clock(note.clock)?;
    if !clock.is_running() || clock.epoch != note.epoch {
        return None;
    }
    let due = note.due_time.or(clock.due_time)?;
    Some(to_member(change, recorded, member, "staff_reminder", vec![number(change), instant("due_time", due)]))
}

fn to_member(
    change: &Change<'_>,
    recorded: &Recorded,
    member: &Member,
    template: &str,
    variables: Vec<notification::Variable>,
) -> Call {
    let notice = notification::Notification {
        recipient: recipient_of(member),
        template: template.to_owned(),
        subject: change.after.name(),
        variables,
        event_time: time(recorded.time),
        ..Default::default()
    };
    call(change, notice)
}

fn recipient_of(member: &Member) -> String {
    format!("recipients/staff-{}", member.id)
}

fn to_applicant(
    change: &Change<'_>,
    recorded: &Recorded,
    template: &str,
    variables: Vec<notification::Variable>,
) -> Call {
    call(change, applicant_notice(change, recorded, template, variables))
}

fn applicant_notice(
    change: &Change<'_>,
    recorded: &Recorded,
    template: &str,
    variables: Vec<notification::Variable>,
) -> notification::Notification {
    let appeal = change.after;
    notification::Notification {
        recipient: appeal.recipient(),
        template: template.to_owned(),
        subject: appeal.name(),
        variables,
        // The contact that the appeal itself names wins over the recipient's.
        contact: Some(contact(change)),
        language_code: appeal.language.as_str().to_owned(),
        event_time: time(recorded.time),
        ..Default::default()
    }
}

fn call(change: &Change<'_>, notice: notification::Notification) -> Call {
    let request = notification::SendNotificationRequest { notification: Some(notice), request_id: String::new() };
    Call::new(NOTIFICATION, change.after.name(), request)
}

fn contact(change: &Change<'_>) -> notification::Contact {
    let contact = &change.papers.contact;
    notification::Contact { phone: contact.phone.expose().to_owned(), email: contact.email.expose().to_owned() }
}

fn number(change: &Change<'_>) -> notification::Variable {
    variable("number", Value::Text(change.after.number.to_string()))
}

fn priority(change: &Change<'_>) -> notification::Variable {
    variable("priority", Value::Text(change.after.priority.as_str().to_owned()))
}

fn instant(name: &str, at: Timestamp) -> notification::Variable {
    variable(name, Value::Time(proto::to_wire(at)))
}

/// The text as far as a notice may carry it; the whole is read with the appeal.
fn cut(text: Option<&Text>, max: usize) -> String {
    let text = text.map(Text::expose).unwrap_or_default();
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

fn variable(name: &str, value: Value) -> notification::Variable {
    notification::Variable { name: name.to_owned(), value: Some(value) }
}
