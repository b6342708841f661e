//! SendNotification.

use std::sync::Arc;
use std::time::Duration;

use ::store::{Tx, transaction};
use jiff::Timestamp;
use proto::notification::v1::{self as wire, ErrorReason, SendNotificationRequest};
use rpc::{Caller, Refusal};

use crate::dispatch::rise;
use crate::domain::{Contact, Notification, NotificationState, Recipient};
use crate::grpc::convert::{send_notification, shown_to_wire};
use crate::store::list::Filter;
use crate::{App, store};

/// When a sender may ask again about a recipient that is not known yet: its own UpsertRecipient is under way.
const AGAIN: Duration = Duration::from_secs(1);

/// Whom it is for. Nobody may have told of them yet, or ever: an appeal can name an account that identity verification does not know. What
/// brings its own address goes out all the same.
async fn recipient(app: &App, tx: &mut Tx, it: &Notification, now: Timestamp) -> Result<Recipient, Refusal> {
    if let Some(known) = store::recipient::get(tx, &app.ring, &it.recipient_id).await? {
        return Ok(known);
    }
    if it.contact == Contact::default() {
        return Err(Refusal::unavailable_for(ErrorReason::RecipientUnknown, AGAIN));
    }
    let unknown = app.unknown_recipient.noted(&it.recipient_id, it.language.as_ref(), now);
    store::recipient::note_unknown(tx, &unknown).await?;
    // Somebody may have told of them at this very moment.
    Ok(store::recipient::get(tx, &app.ring, &it.recipient_id).await?.unwrap_or(unknown))
}

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
        let recipient = recipient(&app, tx, &it, now).await?;
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
