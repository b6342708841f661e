//! Calls as an operator sees them: everything but the request.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use store::Error;
use uuid::Uuid;

/// A stored call without its request.
pub(crate) struct Shown {
    pub(crate) call_id: Uuid,
    pub(crate) destination: String,
    pub(crate) ordering_key: String,
    pub(crate) seq: i64,
    pub(crate) method: String,
    pub(crate) state: String,
    pub(crate) attempts: i32,
    pub(crate) last_error: Option<String>,
    pub(crate) create_time: jiff_sqlx::Timestamp,
    pub(crate) next_attempt_time: jiff_sqlx::Timestamp,
    pub(crate) settle_time: Option<jiff_sqlx::Timestamp>,
    pub(crate) expire_time: Option<jiff_sqlx::Timestamp>,
}

/// Newest first, from behind `after`. Dead and waiting calls come from their indexes; the settled ones, which nobody pages through in
/// haste, from the table.
pub(crate) async fn list(
    pool: &PgPool,
    state: Option<&str>,
    destination: Option<&str>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Shown>, Error> {
    let (before_time, before_id) = after.unzip();
    let shown = sqlx::query_as!(
        Shown,
        "-- list()
        SELECT call_id, destination, ordering_key, seq, method, state, attempts, last_error, create_time, next_attempt_time,
            settle_time, expire_time
        FROM outbox
        WHERE ($1::text IS NULL OR state = $1)
            AND ($2::text IS NULL OR destination = $2)
            AND ($3::timestamptz IS NULL OR (create_time, call_id) < ($3, $4::uuid))
        ORDER BY create_time DESC, call_id DESC LIMIT $5",
        state,
        destination,
        before_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        before_id,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(shown)
}
