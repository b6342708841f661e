//! Recording what became of a delivery, and telling the sender when its notification's state rises.

use jiff::Timestamp;
use store::{Error, Tx, transaction};
use uuid::Uuid;

use crate::App;
use crate::domain::{DeliveryState, NotificationState, aggregate};
use crate::routes;
use crate::store::delivery::{self, Change, Standing};
use crate::store::{notification, receipt};

/// Writes the end of an attempt and what follows from it, in one transaction.
pub(super) async fn record(app: &App, notification: Uuid, change: &Change) -> anyhow::Result<()> {
    let now = app.clock.now();
    transaction!(app.db, "record_attempt", |tx| -> Result<(), Error> {
        // The notification is locked before its delivery, as receipts lock them: no two can wait for each other.
        let told = notification::lock(tx, &[notification]).await?;
        if !delivery::record(tx, &app.ring, change).await? {
            // Another worker took over: what it records counts.
            return Ok(());
        }
        if change.state == DeliveryState::Accepted || !change.handed.is_empty() {
            receipt::note_parts(tx, &change.provider, change.delivery_id, &change.handed).await?;
        }
        if change.state == DeliveryState::Accepted {
            super::receipts::join_parts(tx, change.delivery_id, now).await?;
        }
        for told in told {
            rise(app, tx, told, now).await?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Works the notification's state out of its deliveries; when it changed, the sender is told.
pub(crate) async fn rise(app: &App, tx: &mut Tx, told: notification::Told, now: Timestamp) -> Result<(), Error> {
    let channels = delivery::states_of(tx, told.id).await?;
    let states: Vec<DeliveryState> = channels.iter().map(|it| it.state).collect();
    let state = aggregate(told.state, &states);
    // Nothing is sent any more, and a receipt needs no text: a late one changes states only.
    let erase = told.has_values && states.iter().all(|state| state.is_past_sending());
    if state == told.state && !erase {
        return Ok(());
    }
    notification::set_state(tx, told.id, state, erase, now).await?;
    if state != told.state && state != NotificationState::Queued {
        let channel = channels.iter().find(|it| reaches(it.state, state)).map(|it| it.channel);
        let call = routes::notice_outcome(&told, state, channel, reason(&channels, state), now);
        // In an attempt's span it is a child of that; a receipt comes in no span, and its outcome belongs to who asked all the same.
        let trace_context = rpc::trace_context::current().or_else(|| told.trace_context.clone());
        let call = call.map(|call| call.in_trace(trace_context.as_deref()));
        app.outbox.enqueue(tx, now, call.into_iter().collect()).await?;
    }
    Ok(())
}

/// Why it came to nothing: the word of the channel that decided; of any when all were skipped.
fn reason(channels: &[Standing], state: NotificationState) -> &str {
    let decided = |it: &&Standing| {
        matches!(
            (it.state, state),
            (DeliveryState::Failed, NotificationState::Failed)
                | (DeliveryState::Expired, NotificationState::Expired)
                | (DeliveryState::Dropped, NotificationState::Dropped)
        )
    };
    match state {
        NotificationState::Queued | NotificationState::Sent | NotificationState::Delivered => "",
        _ => channels.iter().find(decided).or(channels.first()).map(|it| it.reason.as_str()).unwrap_or_default(),
    }
}

fn reaches(delivery: DeliveryState, state: NotificationState) -> bool {
    matches!(
        (delivery, state),
        (DeliveryState::Accepted, NotificationState::Sent) | (DeliveryState::Delivered, NotificationState::Delivered)
    )
}
