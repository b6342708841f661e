//! What the gauges show.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use store::Error;

use crate::domain::lane_text;
use crate::templates::Lane;

/// What waits in one lane.
pub(crate) struct Waiting {
    /// Since when the oldest has been due that nobody has taken up.
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) count: i64,
}

/// Looks at one lane. Counting stops at `limit`, so a million waiting cost no more than that many index entries.
pub(crate) async fn waiting(pool: &PgPool, lane: Lane, now: Timestamp, limit: i64) -> Result<Waiting, Error> {
    let row = sqlx::query!(
        r#"-- waiting_deliveries()
        SELECT
            (SELECT min(next_attempt_time) FROM delivery
                WHERE lane = $1 AND state IN ('queued', 'sending') AND next_attempt_time <= $2) AS oldest,
            (SELECT count(*) FROM (
                SELECT FROM delivery WHERE lane = $1 AND state IN ('queued', 'sending') LIMIT $3) AS waiting) AS "waiting!""#,
        lane_text(lane),
        now.to_sqlx(),
        limit,
    )
    .fetch_one(pool)
    .await?;
    Ok(Waiting { oldest: row.oldest.map(|time| time.to_jiff()), count: row.waiting })
}
