//! Table `notification`.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sealed::Ring;
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use super::{Columns, corrupt};
use crate::domain::{Notification, NotificationState, lane_text, to_json};

/// What the outcome of a notification is told with.
pub(crate) struct Told {
    pub(crate) id: Uuid,
    pub(crate) sender: String,
    pub(crate) send_request_id: Uuid,
    pub(crate) template: String,
    pub(crate) subject: String,
    pub(crate) state: NotificationState,
    /// What it says is still stored.
    pub(crate) has_values: bool,
    /// The `traceparent` of the call that asked for it.
    pub(crate) trace_context: Option<String>,
}

/// Writes a new notification; answers the id of the one that told the same event before, if there is one.
pub(crate) async fn insert(
    db: &mut PgConnection,
    ring: &Ring,
    it: &Notification,
    state: NotificationState,
    now: Timestamp,
) -> Result<Option<Uuid>, Error> {
    let columns = Columns { ring, table: "notification", row: it.id.as_bytes() };
    let done = sqlx::query!(
        "-- insert_notification()
        INSERT INTO notification (notification_id, sender, send_request_id, recipient_id, template, template_version,
            subject, lane, phone, email, variables, language_code, event_time, expire_time, state,
            supersedes, create_time, update_time, trace_context)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18)
        ON CONFLICT (sender, recipient_id, subject, template, event_time) WHERE subject <> '' DO NOTHING",
        it.id,
        it.sender,
        it.send_request_id,
        it.recipient_id,
        it.template,
        it.template_version,
        it.subject,
        lane_text(it.lane),
        columns.seal("phone", it.contact.phone.as_ref().map(|phone| phone.personal())),
        columns.seal("email", it.contact.email.as_ref().map(|email| email.personal())),
        ring.seal(columns.place("variables"), &to_json(&it.values)),
        it.language.as_ref().map(|it| it.as_str()).unwrap_or_default(),
        it.event_time.to_sqlx(),
        it.expire_time.to_sqlx(),
        state.text(),
        &it.supersedes,
        now.to_sqlx(),
        rpc::trace_context::current(),
    )
    .execute(&mut *db)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(None);
    }
    let id = sqlx::query_scalar!(
        "-- find_told_event()
        SELECT notification_id FROM notification
        WHERE sender = $1 AND recipient_id = $2 AND subject = $3 AND template = $4 AND event_time = $5 AND subject <> ''",
        it.sender,
        it.recipient_id,
        it.subject,
        it.template,
        it.event_time.to_sqlx(),
    )
    .fetch_one(db)
    .await?;
    Ok(Some(id))
}

/// Whether a message about the subject is known that makes one of `template` with an event at `event_time` untrue.
pub(crate) async fn is_superseded(
    db: &mut PgConnection,
    subject: &str,
    template: &str,
    event_time: Timestamp,
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"-- is_superseded()
        SELECT EXISTS (
            SELECT FROM notification
            WHERE subject = $1 AND subject <> '' AND $2 = ANY(supersedes) AND event_time >= $3
        ) AS "exists!""#,
        subject,
        template,
        event_time.to_sqlx(),
    )
    .fetch_one(db)
    .await?)
}

/// Locks notifications, in the order of their ids so that two workers can't wait for each other.
pub(crate) async fn lock(db: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Told>, Error> {
    let rows = sqlx::query!(
        r#"-- lock_notifications()
        SELECT notification_id, sender, send_request_id, template, subject, state, trace_context,
            variables IS NOT NULL AS "has_values!"
        FROM notification WHERE notification_id = ANY($1) ORDER BY notification_id FOR NO KEY UPDATE"#,
        ids,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Told {
                id: row.notification_id,
                sender: row.sender,
                send_request_id: row.send_request_id,
                template: row.template,
                subject: row.subject,
                state: NotificationState::parse(&row.state).ok_or_else(|| corrupt("notification", "state"))?,
                has_values: row.has_values,
                trace_context: row.trace_context,
            })
        })
        .collect()
}

/// Writes a new state; `erase` forgets what the message said.
pub(crate) async fn set_state(
    db: &mut PgConnection,
    id: Uuid,
    state: NotificationState,
    erase: bool,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "-- set_notification_state()
        UPDATE notification
        SET state = $2, update_time = CASE WHEN state = $2 THEN update_time ELSE $4 END,
            variables = CASE WHEN $3 THEN NULL ELSE variables END
        WHERE notification_id = $1",
        id,
        state.text(),
        erase,
        now.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}
