//! Claiming what is due in a lane: a lease each, everything that sending needs in one look.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use person::{Language, Zone};
use sealed::Ring;
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use super::{Columns, corrupt};
use crate::domain::{Contact, channel_from, from_json, lane_text};
use crate::providers::Channel;
use crate::templates::{Lane, Values};

/// A delivery in a worker's hands.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) delivery_id: Uuid,
    pub(crate) notification_id: Uuid,
    pub(crate) lease: Uuid,
    pub(crate) channel: Channel,
    /// This attempt's number, from 1.
    pub(crate) attempt: u32,
    /// How often the provider may have had it already.
    pub(crate) doubts: i32,
    /// The provider that took parts of it, and their references.
    pub(crate) provider: String,
    pub(crate) handed: Vec<String>,
    /// Which text to which address they belong to.
    pub(crate) handed_of: Option<Vec<u8>>,
    pub(crate) template: String,
    pub(crate) subject: String,
    pub(crate) event_time: Timestamp,
    pub(crate) expire_time: Timestamp,
    /// The `traceparent` of the call that asked for it.
    pub(crate) trace_context: Option<String>,
    /// `None`: damaged, or sealed under a key that is not there.
    pub(crate) said: Option<Said>,
}

/// What is to be said, to whom and how.
#[derive(Debug)]
pub(crate) struct Said {
    /// The address that wins, if there still is one.
    pub(crate) contact: Contact,
    pub(crate) language: Language,
    pub(crate) zone: Zone,
    /// `None`: erased.
    pub(crate) values: Option<Values>,
}

/// Takes at most `batch` deliveries of a lane that are due at `now`. Nobody else gets them before `now + lease`.
pub(crate) async fn claim(
    db: &mut PgConnection,
    ring: &Ring,
    lane: Lane,
    batch: i64,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Vec<Claimed>, Error> {
    let token = Uuid::new_v4();
    let rows = sqlx::query!(
        r#"-- claim_deliveries()
        WITH due AS (
            SELECT delivery_id, state = 'sending' AND begun AS was_abandoned FROM delivery
            WHERE lane = $1 AND state IN ('queued', 'sending') AND next_attempt_time <= $2
            ORDER BY next_attempt_time
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE delivery
            SET state = 'sending', attempts = attempts + 1, lease_token = $4, next_attempt_time = $5, begun = false,
                doubts = doubts + CASE WHEN due.was_abandoned THEN 1 ELSE 0 END,
                possibly_doubled = possibly_doubled OR due.was_abandoned
            FROM due
            WHERE delivery.delivery_id = due.delivery_id
            RETURNING delivery.delivery_id, delivery.notification_id, delivery.channel, delivery.attempts,
                delivery.provider, delivery.handed, delivery.handed_of, delivery.doubts
        )
        SELECT claimed.delivery_id, claimed.notification_id, claimed.channel, claimed.attempts, claimed.provider,
            claimed.handed, claimed.handed_of, claimed.doubts,
            notification.template, notification.subject, notification.event_time, notification.expire_time, notification.trace_context,
            notification.phone, notification.email, notification.variables, notification.language_code,
            recipient.recipient_id, recipient.phone AS recipient_phone, recipient.email AS recipient_email,
            recipient.language_code AS recipient_language, recipient.time_zone
        FROM claimed
        JOIN notification ON notification.notification_id = claimed.notification_id
        JOIN recipient ON recipient.recipient_id = notification.recipient_id
        ORDER BY claimed.delivery_id"#,
        lane_text(lane),
        now.to_sqlx(),
        batch,
        token,
        (now + lease).to_sqlx(),
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let of_message = Columns { ring, table: "notification", row: row.notification_id.as_bytes() };
            let of_recipient = Columns { ring, table: "recipient", row: row.recipient_id.as_bytes() };
            let open = |sealed: Vec<u8>| {
                let plain = ring.open(of_message.place("variables"), &sealed).ok();
                plain.and_then(|plain| from_json(&plain)).ok_or_else(|| corrupt("notification", "variables"))
            };
            let language = if row.language_code.is_empty() { row.recipient_language } else { row.language_code };
            let said = || {
                let own = of_message.open_contact(row.phone, row.email)?;
                let known = of_recipient.open_contact(row.recipient_phone, row.recipient_email)?;
                Ok(Said {
                    contact: Contact { phone: own.phone.or(known.phone), email: own.email.or(known.email) },
                    language: Language::parse(&language).map_err(|_| corrupt("notification", "language_code"))?,
                    zone: Zone::parse(&row.time_zone).map_err(|_| corrupt("recipient", "time_zone"))?,
                    values: row.variables.map(open).transpose()?,
                })
            };
            // One message that can't be read must not hold up its lane.
            let damage = |error: Error| tracing::error!(%error, delivery = %row.delivery_id, "can't read a message");
            Ok(Claimed {
                delivery_id: row.delivery_id,
                notification_id: row.notification_id,
                lease: token,
                channel: channel_from(&row.channel).ok_or_else(|| corrupt("delivery", "channel"))?,
                attempt: row.attempts.try_into().map_err(|_| corrupt("delivery", "attempts"))?,
                doubts: row.doubts,
                provider: row.provider,
                handed: row.handed,
                handed_of: row.handed_of,
                template: row.template,
                subject: row.subject,
                event_time: row.event_time.to_jiff(),
                expire_time: row.expire_time.to_jiff(),
                trace_context: row.trace_context,
                said: said().map_err(damage).ok(),
            })
        })
        .collect()
}

/// Holds a delivery until `until` and notes that the provider may have it from now on; false when somebody else has taken it over.
pub(crate) async fn hold(db: &mut PgConnection, delivery: Uuid, lease: Uuid, until: Timestamp) -> Result<bool, Error> {
    let done = sqlx::query!(
        "-- hold_delivery()
        UPDATE delivery SET next_attempt_time = $3, begun = true
        WHERE delivery_id = $1 AND lease_token = $2 AND state = 'sending'",
        delivery,
        lease,
        until.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives back what was claimed under a lease and not begun: queued at once, and the attempt was none.
pub(crate) async fn release(
    db: &mut PgConnection,
    lease: Uuid,
    deliveries: &[Uuid],
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "-- release_deliveries()
        UPDATE delivery
        SET state = 'queued', attempts = attempts - 1, lease_token = NULL, next_attempt_time = $3
        WHERE delivery_id = ANY($2) AND lease_token = $1 AND state = 'sending' AND NOT begun",
        lease,
        deliveries,
        now.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}
