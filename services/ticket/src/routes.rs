//! What other services hear of a change. Pure: one page, no I/O.
//!
//! ```text
//! what happened                     sla                   notification
//! FILED                             TrackDeadline         registration (and UpsertRecipient for the form without login)
//! ACCEPTED                          UpdateDeadline        -
//! FIRST_ANSWERED, NEXT_ANSWERED     UpdateDeadline        -
//! ANSWER_AWAITED                    UpdateDeadline        -
//! INFO_REQUESTED                    UpdateDeadline        applicant_question
//! INFO_PROVIDED                     UpdateDeadline        status_change
//! BODY_ASKED                        UpdateDeadline where a term for its answer begins, else -      status_change
//! BODY_ANSWERED                     UpdateDeadline        status_change
//! APPLICANT_REMINDED                -                     reminder
//! PAUSE_ENDED                       UpdateDeadline        pause_ended; and staff_pause_ended, to the member
//! RESOLVED                          StopDeadline          resolution
//! REOPENED                          UpdateDeadline        status_change
//! WITHDRAWN                         StopDeadline          status_change
//! ESCALATION_ACKNOWLEDGED           UpdateDeadline        -
//! ASSIGNED                          -                     staff_assigned, to the member
//! any that led to IN_PROGRESS       -                     status_change
//! ESCALATED, and somebody has it    -                     staff_escalated, to the member, also one who keeps it; the citizen hears from
//!                                                         the SLA monitor, which waits for our OK
//! ESCALATED, into a queue           -                     -      nobody has it, and where it waits is an internal matter
//! DEADLINE_WARNED                   -                     staff_reminder, to the member, while that clock runs for that due time
//! RUNG_NOT_ACTED, NOTICE_OUTCOME    -                     -      nothing goes back to where they came from
//! EXTENSION_PROPOSED                -                     deadline_extended, whose outcome makes it govern or lapse
//! EXTENDED                          UpdateDeadline        -
//! REBASED                           UpdateDeadline        deadline_changed, where the expected time is another
//! EXTENSION_LAPSED                  -                     -      the citizen hears of the old due time's passing from the SLA monitor
//! member created or changed         -                     UpsertRecipient `recipients/staff-{id}`
//! RetellPromise came                UpdateDeadline, or StopDeadline once all clocks are over, under the revision it has
//! ```
//!
//! The SLA monitor gets one call per command, whatever the number of events: it carries the whole state under the appeal's revision.
//! Calls are ordered by appeal, so a recipient is there before its first notice.
//!
//! Nothing follows from their answers, and no refusal is in the ordinary course of things.

mod deadline;
mod notice;

use ::outbox::Call;
use jiff::Timestamp;
use proto::sla::v1 as sla;

use crate::domain::{Appeal, Event, Member, Papers, Recorded, State, Text};

/// The SLA monitor, as a destination and a peer.
pub const SLA: &str = "sla";
/// The notification service.
pub const NOTIFICATION: &str = "notification";
/// Identity verification.
pub const IDENTITY: &str = "identity";

/// A change of an appeal, as far as routes look at it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The appeal before; `None` when it was just filed.
    pub before: Option<&'a Appeal>,
    /// The appeal after.
    pub after: &'a Appeal,
    /// What the applicant wrote: their contact is in it.
    pub papers: &'a Papers,
    /// What happened, in order.
    pub events: &'a [Recorded],
    /// What the command's message says: the question, the answer.
    pub text: Option<&'a Text>,
    /// Until when the appeal may be reopened, when it was resolved.
    pub reopen_until: Option<Timestamp>,
    /// Who has it after the change, if anybody.
    pub assignee: Option<&'a Member>,
}

/// The calls that follow from a change.
pub fn calls(change: &Change<'_>) -> Vec<Call> {
    let mut calls = Vec::new();
    calls.extend(to_sla(change));
    if change.before.is_none() {
        calls.extend(notice::recipient(change));
    }
    let mut state = change.before.map(|before| before.state);
    for recorded in change.events {
        let moved = state.replace(recorded.state) != Some(recorded.state);
        calls.extend(to_applicant(change, recorded, moved));
        calls.extend(to_staff(change, recorded));
    }
    calls
}

/// The whole state of the clocks, when it changed.
fn to_sla(change: &Change<'_>) -> Option<Call> {
    let appeal = change.after;
    if !change.events.iter().any(|recorded| recorded.event.moves_clocks()) {
        return None;
    }
    Some(match change.before {
        None => {
            let deadline = Some(deadline::wire(appeal));
            Call::new(SLA, appeal.name(), sla::TrackDeadlineRequest { deadline, request_id: String::new() })
        }
        Some(_) => retold(appeal),
    })
}

/// The whole state of the clocks, to whoever may know an older one or none: an update creates what is unknown.
pub fn retold(appeal: &Appeal) -> Call {
    let (key, deadline, request_id) = (appeal.name(), Some(deadline::wire(appeal)), String::new());
    if appeal.clocks().all(|clock| clock.is_over()) {
        Call::new(SLA, key, sla::StopDeadlineRequest { deadline, request_id })
    } else {
        Call::new(SLA, key, sla::UpdateDeadlineRequest { deadline, request_id })
    }
}

fn to_applicant(change: &Change<'_>, recorded: &Recorded, moved: bool) -> Option<Call> {
    match &recorded.event {
        Event::Filed(_) => Some(notice::registration(change, recorded)),
        Event::InfoRequested { .. } => Some(notice::question(change, recorded)),
        Event::ApplicantReminded => Some(notice::applicants_turn(change, recorded)),
        Event::PauseEnded { expected_time, .. } => Some(notice::pause_ended(change, recorded, *expected_time)),
        Event::Resolved { .. } => Some(notice::resolution(change, recorded)),
        Event::ExtensionProposed(proposed) => Some(notice::extension(change, recorded, proposed)),
        Event::Rebased(rebased) => notice::changed(change, recorded, rebased),
        // Back in a queue it is registered again, which is no news for the citizen; what is, the SLA monitor tells.
        Event::Escalated(_) => None,
        // That somebody has it is an internal matter until they begin.
        _ if moved && recorded.state != State::Assigned => Some(notice::status(change, recorded)),
        _ => None,
    }
}

fn to_staff(change: &Change<'_>, recorded: &Recorded) -> Option<Call> {
    // A member without an address is told nothing, and is no recipient.
    let member = change.assignee.filter(|member| member.email.is_some())?;
    match &recorded.event {
        // Who took it themselves knows.
        Event::Assigned { assignee } if recorded.actor.staff() != Some(assignee) => {
            Some(notice::assigned(change, recorded, member))
        }
        // Also who keeps it: it is late again, and they may have to say that they have seen it. Who did it themselves knows.
        Event::Escalated(escalated) if recorded.actor.staff() != Some(&member.id) => {
            Some(notice::escalated(change, recorded, member, escalated))
        }
        Event::PauseEnded { expected_time, .. } => {
            Some(notice::staff_pause_ended(change, recorded, member, *expected_time))
        }
        Event::DeadlineWarned(note) => notice::reminder(change, recorded, member, note),
        _ => None,
    }
}

/// Whether a member of staff may hear of what happened, so that [`Change::assignee`] is needed.
pub fn concerns_staff(events: &[Recorded]) -> bool {
    events.iter().any(|recorded| {
        matches!(
            recorded.event,
            Event::Assigned { .. } | Event::Escalated(_) | Event::DeadlineWarned(_) | Event::PauseEnded { .. }
        )
    })
}

/// The recipient that a member of staff is: told anew after each change, under the revision of the member's record.
pub fn member_calls(member: &Member, revision: i64) -> Vec<Call> {
    notice::member(member, revision).into_iter().collect()
}

/// An instant on the wire.
fn time(time: Timestamp) -> Option<prost_types::Timestamp> {
    Some(proto::to_wire(time))
}
