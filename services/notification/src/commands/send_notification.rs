//! SendNotification.

use std::sync::Arc;
use std::time::Duration;

use ::store::transaction;
use proto::notification::v1::{self as wire, ErrorReason, SendNotificationRequest};
use rpc::{Caller, Refusal};

use crate::dispatch::rise;
use crate::domain::NotificationState;
use crate::grpc::convert::{send_notification, shown_to_wire};
use crate::store::list::Filter;
use crate::{App, store};

/// When a sender may ask again about a recipient that is not known yet: its own UpsertRecipient is under way.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: SendNotificationRequest,
) -> Result<wire::Notification, Refusal> {
    let now = app.clock.now();
    let it = send_notification(&request, &app.templates, caller.key())?;
    let key = app.once.key(caller.key(), &request)?;
    let answer = transaction!(app.db, "send_notification", |tx| -> Result<wire::Notification, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let recipient = store::recipient::get(tx, &app.ring, &it.recipient_id).await?;
        let recipient = recipient.ok_or_else(|| Refusal::unavailable_for(ErrorReason::RecipientUnknown, AGAIN))?;
        let is_dropped = app.templates.can_be_superseded(&it.template)
            && store::notification::is_superseded(tx, &it.subject, &it.template, it.event_time).await?;
        let queued = NotificationState::Queued;
        let id = match store::notification::insert(tx, &app.ring, &it, queued, now).await? {
            // The same event under another request id: told once is enough.
            Some(known) => known,
            None => {
                let deliveries = it.deliveries(&recipient, is_dropped, now);
                store::delivery::insert(tx, &app.ring, it.id, it.lane, &deliveries, now).await?;
                for told in store::notification::lock(tx, &[it.id]).await? {
                    rise(&app, tx, told, now).await?;
                }
                it.id
            }
        };
        let filter = Filter { id: Some(id), ..Filter::default() };
        let shown = store::list::list(tx, &app.ring, &filter, 1).await?;
        let answer = shown.first().map(shown_to_wire).ok_or_else(|| Refusal::internal("written and not found"))?;
        app.once.record(tx, &key, &answer).await?;
        tx.wake_on_commit(&app.wakes.of(it.lane));
        Ok(answer)
    })?;
    Ok(answer)
}
