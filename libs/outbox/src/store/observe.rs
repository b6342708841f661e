//! What the gauges show.

use jiff::Timestamp;
use sqlx::PgPool;
use store::Error;

/// The state of one destination's queue.
pub(crate) struct Queue {
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) waiting: i64,
    pub(crate) dead: i64,
}

/// Looks at one destination. Counting stops at `limit`, so a million waiting cost no more than that many index entries.
pub(crate) async fn observe(pool: &PgPool, destination: &str, limit: i64) -> Result<Queue, Error> {
    let row = sqlx::query!(
        r#"-- observe()
        SELECT
            (SELECT min(create_time) FROM outbox WHERE destination = $1 AND state = 'waiting') AS oldest,
            (SELECT count(*) FROM (
                SELECT FROM outbox WHERE destination = $1 AND state = 'waiting' LIMIT $2) AS waiting) AS "waiting!",
            (SELECT count(*) FROM (
                SELECT FROM outbox WHERE destination = $1 AND state = 'dead' LIMIT $2) AS dead) AS "dead!""#,
        destination,
        limit,
    )
    .fetch_one(pool)
    .await?;
    Ok(Queue { oldest: row.oldest.map(|time| time.to_jiff()), waiting: row.waiting, dead: row.dead })
}
