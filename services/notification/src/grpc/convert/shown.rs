//! Notifications as they are shown.

use proto::notification::v1::{self as wire, delivery::State as WireDelivery};
use proto::to_wire;
use sealed::Personal;

use crate::domain::DeliveryState;
use crate::routes::{wire_channel, wire_state};
use crate::store::list::{Shown, ShownDelivery};
use crate::templates::Lane;

pub(crate) fn shown_to_wire(it: &Shown) -> wire::Notification {
    let lane = match it.lane {
        Lane::Code => wire::Lane::Code,
        Lane::Emergency => wire::Lane::Emergency,
        Lane::Normal => wire::Lane::Normal,
        Lane::Bulk => wire::Lane::Bulk,
    };
    wire::Notification {
        name: format!("notifications/{}", it.id),
        recipient: format!("recipients/{}", it.recipient_id),
        template: it.template.clone(),
        subject: it.subject.clone(),
        // What it says and to whom stays here.
        variables: Vec::new(),
        contact: None,
        channels: it.deliveries.iter().map(|delivery| wire_channel(delivery.channel).into()).collect(),
        language_code: it.language_code.clone(),
        event_time: Some(to_wire(it.event_time)),
        expire_time: Some(to_wire(it.expire_time)),
        state: wire_state(it.state).into(),
        lane: lane.into(),
        sender: it.sender.clone(),
        deliveries: it.deliveries.iter().map(delivery).collect(),
        create_time: Some(to_wire(it.create_time)),
        update_time: Some(to_wire(it.update_time)),
    }
}

fn delivery(it: &ShownDelivery) -> wire::Delivery {
    let state = match it.state {
        DeliveryState::Queued => WireDelivery::Queued,
        DeliveryState::Sending => WireDelivery::Sending,
        DeliveryState::Accepted => WireDelivery::Accepted,
        DeliveryState::Delivered => WireDelivery::Delivered,
        DeliveryState::Failed => WireDelivery::Failed,
        DeliveryState::Expired => WireDelivery::Expired,
        DeliveryState::Skipped => WireDelivery::Skipped,
        DeliveryState::Dropped => WireDelivery::Dropped,
    };
    wire::Delivery {
        channel: wire_channel(it.channel).into(),
        state: state.into(),
        provider: it.provider.clone(),
        attempts: it.attempts,
        masked_address: text(it.masked_address.as_ref()),
        reason: it.reason.clone(),
        text: text(it.text.as_ref()),
        accept_time: it.accept_time.map(to_wire),
        receipt_time: it.receipt_time.map(to_wire),
        possibly_doubled: it.possibly_doubled,
    }
}

/// The plain text for the wire; empty for none.
fn text(it: Option<&Personal>) -> String {
    it.map(|text| text.expose().to_owned()).unwrap_or_default()
}
