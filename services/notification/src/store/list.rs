//! Reading notifications for people.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sealed::{Personal, Ring};
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use super::corrupt;
use super::delivery::columns;
use crate::domain::{DeliveryState, NotificationState, channel_from, lane_from};
use crate::providers::Channel;
use crate::templates::Lane;

/// A notification as lists show it: without variables and contact.
pub(crate) struct Shown {
    pub(crate) id: Uuid,
    pub(crate) recipient_id: String,
    pub(crate) template: String,
    pub(crate) subject: String,
    pub(crate) language_code: String,
    pub(crate) event_time: Timestamp,
    pub(crate) expire_time: Timestamp,
    pub(crate) state: NotificationState,
    pub(crate) lane: Lane,
    pub(crate) sender: String,
    pub(crate) create_time: Timestamp,
    pub(crate) update_time: Timestamp,
    pub(crate) deliveries: Vec<ShownDelivery>,
}

/// One of its channels.
pub(crate) struct ShownDelivery {
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) provider: String,
    pub(crate) attempts: i32,
    pub(crate) masked_address: Option<Personal>,
    pub(crate) reason: String,
    pub(crate) text: Option<Personal>,
    pub(crate) accept_time: Option<Timestamp>,
    pub(crate) receipt_time: Option<Timestamp>,
    pub(crate) possibly_doubled: bool,
}

/// Which ones.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) id: Option<Uuid>,
    pub(crate) subject: Option<String>,
    pub(crate) recipient_id: Option<String>,
    pub(crate) state: Option<NotificationState>,
    /// Those behind this one.
    pub(crate) after: Option<(Timestamp, Uuid)>,
}

/// At most `limit` notifications, newest first.
pub(crate) async fn list(db: &mut PgConnection, ring: &Ring, filter: &Filter, limit: i64) -> Result<Vec<Shown>, Error> {
    let (time, id) = filter.after.map_or((None, None), |(time, id)| (Some(time.to_sqlx()), Some(id)));
    let rows = sqlx::query!(
        "-- list_notifications()
        SELECT notification_id, recipient_id, template, subject, language_code, event_time, expire_time, state, lane,
            sender, create_time, update_time
        FROM notification
        WHERE ($1::uuid IS NULL OR notification_id = $1)
            AND ($2::text IS NULL OR (subject = $2 AND subject <> ''))
            AND ($3::text IS NULL OR recipient_id = $3)
            AND ($4::text IS NULL OR state = $4)
            AND ($5::timestamptz IS NULL OR (create_time, notification_id) < ($5, $6))
        ORDER BY create_time DESC, notification_id DESC
        LIMIT $7",
        filter.id,
        filter.subject,
        filter.recipient_id,
        filter.state.map(NotificationState::text),
        time as Option<Stamp>,
        id,
        limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.notification_id).collect();
    let mut deliveries = deliveries_of(db, ring, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let (own, rest) = deliveries.drain(..).partition(|(id, _)| *id == row.notification_id);
            deliveries = rest;
            Ok(Shown {
                id: row.notification_id,
                recipient_id: row.recipient_id,
                template: row.template,
                subject: row.subject,
                language_code: row.language_code,
                event_time: row.event_time.to_jiff(),
                expire_time: row.expire_time.to_jiff(),
                state: NotificationState::parse(&row.state).ok_or_else(|| corrupt("notification", "state"))?,
                lane: lane_from(&row.lane).ok_or_else(|| corrupt("notification", "lane"))?,
                sender: row.sender,
                create_time: row.create_time.to_jiff(),
                update_time: row.update_time.to_jiff(),
                deliveries: Vec::into_iter(own).map(|(_, it)| it).collect(),
            })
        })
        .collect()
}

async fn deliveries_of(db: &mut PgConnection, ring: &Ring, ids: &[Uuid]) -> Result<Vec<(Uuid, ShownDelivery)>, Error> {
    let rows = sqlx::query!(
        "-- list_deliveries()
        SELECT delivery_id, notification_id, channel, state, provider, attempts, masked_address, reason, shown_text,
            accept_time, receipt_time, possibly_doubled
        FROM delivery WHERE notification_id = ANY($1) ORDER BY notification_id, channel DESC",
        ids,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let columns = columns(ring, &row.delivery_id);
            let shown = ShownDelivery {
                channel: channel_from(&row.channel).ok_or_else(|| corrupt("delivery", "channel"))?,
                state: DeliveryState::parse(&row.state).ok_or_else(|| corrupt("delivery", "state"))?,
                provider: row.provider,
                attempts: row.attempts,
                masked_address: columns.open("masked_address", row.masked_address)?,
                reason: row.reason,
                text: columns.open("shown_text", row.shown_text)?,
                accept_time: row.accept_time.map(Stamp::to_jiff),
                receipt_time: row.receipt_time.map(Stamp::to_jiff),
                possibly_doubled: row.possibly_doubled,
            };
            Ok((row.notification_id, shown))
        })
        .collect()
}
