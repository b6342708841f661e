//! Table `delivery`: writing what became of an attempt, by lease token.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sealed::{Personal, Ring};
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use super::{Columns, corrupt};
use crate::domain::{DeliveryState, NewDelivery, channel_from, channel_text, lane_text};
use crate::providers::Channel;
use crate::templates::Lane;

/// What an attempt changes.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) delivery_id: Uuid,
    pub(crate) lease: Uuid,
    pub(crate) state: DeliveryState,
    pub(crate) provider: String,
    pub(crate) handed: Vec<String>,
    pub(crate) handed_of: Option<Vec<u8>>,
    pub(crate) reason: String,
    /// Somebody may have it twice.
    pub(crate) doubled: bool,
    /// Attempts so far after which the provider may have had it.
    pub(crate) doubts: i32,
    /// Only matters for QUEUED.
    pub(crate) next_attempt_time: Timestamp,
    pub(crate) accept_time: Option<Timestamp>,
    pub(crate) shown_text: Option<Personal>,
    pub(crate) masked_address: Option<Personal>,
}

pub(super) fn columns<'a>(ring: &'a Ring, delivery: &'a Uuid) -> Columns<'a> {
    Columns { ring, table: "delivery", row: delivery.as_bytes() }
}

/// Writes the deliveries of a new notification.
pub(crate) async fn insert(
    db: &mut PgConnection,
    ring: &Ring,
    notification: Uuid,
    lane: Lane,
    all: &[NewDelivery],
    now: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = all.iter().map(|it| it.id).collect();
    let channels: Vec<String> = all.iter().map(|it| channel_text(it.channel).to_owned()).collect();
    let states: Vec<String> = all.iter().map(|it| it.state.text().to_owned()).collect();
    let reasons: Vec<String> = all.iter().map(|it| it.reason.to_owned()).collect();
    let seal = |it: &NewDelivery| columns(ring, &it.id).seal("masked_address", it.masked_address.as_ref());
    let addresses: Vec<Option<Vec<u8>>> = all.iter().map(seal).collect();
    sqlx::query!(
        "-- insert_deliveries()
        INSERT INTO delivery (delivery_id, notification_id, channel, lane, state, reason, masked_address, next_attempt_time)
        SELECT id, $1, channel, $2, state, reason, address, $3
        FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[])
            AS new(id, channel, state, reason, address)",
        notification,
        lane_text(lane),
        now.to_sqlx(),
        &ids,
        &channels,
        &states,
        &reasons,
        &addresses as &[Option<Vec<u8>>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Records what became of an attempt; false when the lease is not ours any more, and then nothing changed.
pub(crate) async fn record(db: &mut PgConnection, ring: &Ring, it: &Change) -> Result<bool, Error> {
    let columns = columns(ring, &it.delivery_id);
    let done = sqlx::query!(
        "-- record_attempt()
        UPDATE delivery
        SET state = $3, provider = $4, handed = $5, reason = $6, possibly_doubled = possibly_doubled OR $7,
            next_attempt_time = $8, accept_time = coalesce($9, accept_time), shown_text = coalesce($10, shown_text),
            masked_address = $11, handed_of = $12, doubts = $13, begun = false,
            lease_token = NULL
        WHERE delivery_id = $1 AND lease_token = $2 AND state = 'sending'",
        it.delivery_id,
        it.lease,
        it.state.text(),
        it.provider,
        &it.handed,
        it.reason,
        it.doubled,
        it.next_attempt_time.to_sqlx(),
        it.accept_time.map(ToSqlx::to_sqlx) as Option<Stamp>,
        columns.seal("shown_text", it.shown_text.as_ref()),
        columns.seal("masked_address", it.masked_address.as_ref()),
        it.handed_of.as_ref().filter(|_| !it.handed.is_empty()),
        it.doubts,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Where one channel stands.
pub(crate) struct Standing {
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) reason: String,
}

/// Where the channels of a notification stand, SMS first.
pub(crate) async fn states_of(db: &mut PgConnection, notification: Uuid) -> Result<Vec<Standing>, Error> {
    let rows = sqlx::query!(
        "-- list_delivery_states()
        SELECT channel, state, reason FROM delivery WHERE notification_id = $1 ORDER BY channel DESC",
        notification,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let channel = channel_from(&row.channel).ok_or_else(|| corrupt("delivery", "channel"))?;
            let state = DeliveryState::parse(&row.state).ok_or_else(|| corrupt("delivery", "state"))?;
            Ok(Standing { channel, state, reason: row.reason })
        })
        .collect()
}
