//! What this service tells others, as a pure function: a notification's new state -> the outcome for its sender.

use jiff::Timestamp;
use outbox::Call;
use proto::notification::v1::{Channel as WireChannel, NoticeOutcome, notification::State as WireState};
use proto::{identity, sla, ticket, to_wire};

use crate::domain::NotificationState;
use crate::providers::Channel;
use crate::store::notification::Told;

/// The call that tells the sender; `None` for a sender that is no service of the suite, which asks by GetNotification.
pub(crate) fn notice_outcome(
    told: &Told,
    state: NotificationState,
    channel: Option<Channel>,
    reason: &str,
    now: Timestamp,
) -> Option<Call> {
    let name = format!("notifications/{}", told.id);
    let outcome = Some(NoticeOutcome {
        notification: name.clone(),
        subject: told.subject.clone(),
        template: told.template.clone(),
        state: wire_state(state).into(),
        channel: channel.map_or(WireChannel::Unspecified, wire_channel).into(),
        outcome_time: Some(to_wire(now)),
        reason: reason.to_owned(),
        send_request_id: told.send_request_id.to_string(),
    });
    let key = if told.subject.is_empty() { name } else { told.subject.clone() };
    let request_id = String::new();
    match told.sender.as_str() {
        "systems/ticket" => {
            Some(Call::new("ticket", key, ticket::v1::RecordNoticeOutcomeRequest { outcome, request_id }))
        }
        "systems/identity" => {
            Some(Call::new("identity", key, identity::v1::RecordNoticeOutcomeRequest { outcome, request_id }))
        }
        "systems/sla" => Some(Call::new("sla", key, sla::v1::RecordNoticeOutcomeRequest { outcome, request_id })),
        _ => None,
    }
}

pub(crate) fn wire_state(state: NotificationState) -> WireState {
    match state {
        NotificationState::Queued => WireState::Queued,
        NotificationState::Sent => WireState::Sent,
        NotificationState::Delivered => WireState::Delivered,
        NotificationState::Failed => WireState::Failed,
        NotificationState::Expired => WireState::Expired,
        NotificationState::Dropped => WireState::Dropped,
    }
}

pub(crate) fn wire_channel(channel: Channel) -> WireChannel {
    match channel {
        Channel::Sms => WireChannel::Sms,
        Channel::Email => WireChannel::Email,
    }
}
