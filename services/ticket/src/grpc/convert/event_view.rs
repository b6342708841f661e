//! The journal as it is shown (T22).

use jiff::SignedDuration;
use proto::ticket::v1::{self as wire, appeal_event::Type};
use proto::to_wire;
use uuid::Uuid;

use super::allowance::allowance_to_wire;
use super::audience::Audience;
use super::kinds;
use crate::domain::{
    Actor, ClockKind, Event, Handed, NewDue, RebasedTerm, Recorded, RungNote, SuspensionReason, Visibility,
    citizen_name, event_name, message_name,
};

/// Notices to staff begin so; an applicant need not hear of them.
const TO_STAFF: &str = "staff_";

/// One entry for its audience; `None` for what is not theirs to see: notes, and what was told to staff.
pub fn event_view(appeal: Uuid, recorded: &Recorded, audience: Audience) -> Option<wire::AppealEvent> {
    let staff = audience.is_staff();
    if !staff && is_staffs(&recorded.event) {
        return None;
    }
    let mut view = wire::AppealEvent {
        name: event_name(appeal, recorded.number),
        r#type: kind(&recorded.event).into(),
        event_time: Some(to_wire(recorded.time)),
        actor: actor(&recorded.actor, staff),
        state: kinds::state_to_wire(recorded.state).into(),
        ..Default::default()
    };
    let message = |number: i64| message_name(appeal, number);
    match &recorded.event {
        Event::Filed(filed) => {
            view.due_time = Some(to_wire(filed.resolution.due_time));
            view.expected_time = view.due_time;
        }
        Event::Assigned { assignee } if staff => view.assignee = format!("staff/{assignee}"),
        Event::MessagePosted { message: number, .. }
        | Event::FirstAnswered { message: number }
        | Event::NextAnswered { message: number }
        | Event::Resolved { message: number } => view.message = message(*number),
        Event::Accepted => view.clock = kinds::clock_to_wire(ClockKind::Acceptance).into(),
        Event::AnswerAwaited { epoch, term } => {
            view.clock = kinds::clock_to_wire(ClockKind::NextAnswer).into();
            view.epoch = *epoch;
            view.due_time = Some(to_wire(term.due_time));
        }
        Event::InfoRequested { message: number, suspension, .. } => {
            view.message = message(*number);
            view.reason = code(*suspension);
        }
        Event::InfoProvided { message: number, due, expected_time } => {
            view.message = number.map(message).unwrap_or_default();
            show_due(&mut view, due);
            view.expected_time = Some(to_wire(*expected_time));
        }
        // The citizen is told the stage; who is asked, and what, are internal matters.
        Event::BodyAsked { body, message: number, clock } => {
            if staff {
                view.reason.clone_from(body);
                view.message = message(*number);
            }
            if let Some(begun) = clock {
                view.clock = kinds::clock_to_wire(ClockKind::OtherBody).into();
                view.epoch = begun.epoch;
                view.due_time = Some(to_wire(begun.term.due_time));
            }
        }
        Event::BodyAnswered { outcome, message: number } => {
            if staff {
                outcome.as_str().clone_into(&mut view.reason);
                view.message = message(*number);
            }
        }
        Event::PauseEnded { due, expected_time } => {
            show_due(&mut view, due);
            view.expected_time = Some(to_wire(*expected_time));
        }
        Event::Reopened { message: number, due, expected_time, .. } => {
            view.message = message(*number);
            show_due(&mut view, due);
            view.expected_time = Some(to_wire(*expected_time));
        }
        Event::IdentityConfirmed { level, citizen } => {
            view.reason = level.as_str().to_owned();
            view.citizen = citizen.filter(|_| staff).map(citizen_name).unwrap_or_default();
        }
        Event::Escalated(escalated) => {
            view.clock = escalated.clock.map(kinds::clock_to_wire).unwrap_or_default().into();
            view.epoch = escalated.epoch.unwrap_or_default();
            view.level = escalated.level.into();
            view.expected_time = escalated.expected_time.map(to_wire);
            view.lateness = escalated.lateness.map(span);
            match &escalated.handed {
                Some(Handed::To(member)) if staff => view.assignee = format!("staff/{member}"),
                Some(Handed::Queue(level)) if staff => view.reason = format!("queue_{}", level.as_str()),
                _ => {}
            }
        }
        Event::DeadlineWarned(note) | Event::RungNotActed(note) => show_rung(&mut view, note),
        Event::NoticeOutcome(note) => {
            view.event_time = Some(to_wire(note.outcome_time));
            view.notice = note.notice.clone();
            view.notice_state = kinds::notice_to_wire(note.state).into();
            view.clock = note.clock.map(kinds::clock_to_wire).unwrap_or_default().into();
            view.epoch = note.epoch.unwrap_or_default();
            view.level = note.level.unwrap_or_default().into();
            view.reason = note.reason.clone().unwrap_or_default();
        }
        Event::ExtensionProposed(proposed) => {
            view.clock = kinds::clock_to_wire(ClockKind::Resolution).into();
            view.reason = proposed.reason.as_str().to_owned();
            view.length = Some(allowance_to_wire(proposed.length));
            view.due_time = Some(to_wire(proposed.due_time));
        }
        Event::Extended { due, expected_time } => {
            show_due(&mut view, due.as_slice());
            view.expected_time = expected_time.map(to_wire);
        }
        Event::Rebased(rebased) => {
            if let Some(term) = rebased.terms.iter().find(|term| term.clock == ClockKind::Resolution) {
                view.clock = kinds::clock_to_wire(term.clock).into();
                view.epoch = term.epoch;
                view.due_time = term.due_time.map(to_wire);
            }
            view.expected_time = rebased.expected_time.map(to_wire);
        }
        Event::ExtensionLapsed { cause } => view.reason = cause.as_str().to_owned(),
        Event::Assigned { .. } | Event::ApplicantReminded | Event::Withdrawn | Event::EscalationAcknowledged { .. } => {
        }
    }
    Some(view)
}

fn is_staffs(event: &Event) -> bool {
    match event {
        Event::MessagePosted { visibility, .. } => *visibility == Visibility::Internal,
        Event::NoticeOutcome(note) => note.notice.starts_with(TO_STAFF),
        _ => false,
    }
}

/// A citizen learns that staff did it, not who.
fn actor(actor: &Actor, to_staff: bool) -> String {
    match actor {
        Actor::Staff(_) if !to_staff => "staff".to_owned(),
        other => other.to_string(),
    }
}

/// The resolution's, which is the appeal's due time.
fn show_due(view: &mut wire::AppealEvent, due: &[NewDue]) {
    if let Some(new) = due.iter().find(|new| new.clock == ClockKind::Resolution) {
        view.clock = kinds::clock_to_wire(new.clock).into();
        view.epoch = new.epoch;
        view.due_time = Some(to_wire(new.due_time));
    }
}

/// It is told when it happened, not when we heard of it: the relay may have waited for hours.
fn show_rung(view: &mut wire::AppealEvent, note: &RungNote) {
    view.event_time = Some(to_wire(note.outcome_time));
    view.clock = kinds::clock_to_wire(note.clock).into();
    view.epoch = note.epoch;
    view.level = note.level.into();
    view.due_time = note.due_time.map(to_wire);
    view.reason = note.reason.clone().unwrap_or_default();
    view.lateness = note.lateness.map(span);
}

fn kind(event: &Event) -> Type {
    match event {
        Event::Filed(_) => Type::Filed,
        Event::Assigned { .. } => Type::Assigned,
        Event::Accepted => Type::Accepted,
        Event::MessagePosted { .. } => Type::MessagePosted,
        Event::FirstAnswered { .. } => Type::FirstAnswered,
        Event::AnswerAwaited { .. } => Type::AnswerAwaited,
        Event::NextAnswered { .. } => Type::NextAnswered,
        Event::InfoRequested { .. } => Type::InfoRequested,
        Event::ApplicantReminded => Type::ApplicantReminded,
        Event::PauseEnded { .. } => Type::PauseEnded,
        Event::InfoProvided { .. } => Type::InfoProvided,
        Event::BodyAsked { .. } => Type::BodyAsked,
        Event::BodyAnswered { .. } => Type::BodyAnswered,
        Event::IdentityConfirmed { .. } => Type::IdentityConfirmed,
        Event::Resolved { .. } => Type::Resolved,
        Event::Reopened { .. } => Type::Reopened,
        Event::Withdrawn => Type::Withdrawn,
        Event::Escalated(_) => Type::Escalated,
        Event::EscalationAcknowledged { .. } => Type::EscalationAcknowledged,
        Event::DeadlineWarned(_) => Type::DeadlineWarned,
        Event::RungNotActed(_) => Type::RungNotActed,
        Event::NoticeOutcome(_) => Type::NoticeOutcome,
        Event::ExtensionProposed(_) => Type::ExtensionProposed,
        Event::Extended { .. } => Type::Extended,
        Event::ExtensionLapsed { .. } => Type::ExtensionLapsed,
        Event::Rebased(_) => Type::Rebased,
    }
}

fn code(reason: SuspensionReason) -> String {
    reason.as_str().to_owned()
}

fn span(span: SignedDuration) -> prost_types::Duration {
    prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() }
}

/// How the clocks were promised and are, from what a re-base recorded.
pub fn rebased(events: &[Recorded]) -> wire::RebaseAppealResponse {
    let of = |recorded: &Recorded| match &recorded.event {
        Event::Rebased(rebased) => rebased.terms.iter().map(rebased_clock).collect(),
        _ => Vec::new(),
    };
    wire::RebaseAppealResponse { clocks: events.iter().flat_map(of).collect() }
}

fn rebased_clock(term: &RebasedTerm) -> wire::RebasedClock {
    wire::RebasedClock {
        clock: kinds::clock_to_wire(term.clock).into(),
        epoch: term.epoch,
        old_due_time: term.old_due_time.map(to_wire),
        due_time: term.due_time.map(to_wire),
    }
}
