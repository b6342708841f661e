//! What the gauges show.

use jiff::Timestamp;
use sqlx::PgPool;
use store::Error;

use crate::domain::lane_text;
use crate::templates::Lane;

/// What waits in one lane.
pub(crate) struct Waiting {
    /// When the oldest was asked for.
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) count: i64,
}

/// Those among whom the oldest is looked for. While a provider is away, old and new messages come up for their retries in turn, so that it
/// is found among so many or nearly; and looking through a million every 15 s would be work for nothing.
const LOOKED_AT: i64 = 1_000;

/// Looks at one lane. Counting stops at `limit`, so a million waiting cost no more than that many index entries.
pub(crate) async fn waiting(pool: &PgPool, lane: Lane, limit: i64) -> Result<Waiting, Error> {
    let row = sqlx::query!(
        r#"-- waiting_deliveries()
        SELECT
            (SELECT min(create_time) FROM (
                SELECT notification_id FROM delivery WHERE lane = $1 AND state IN ('queued', 'sending')
                    ORDER BY next_attempt_time LIMIT $2) AS next JOIN notification USING (notification_id)) AS oldest,
            (SELECT count(*) FROM (
                SELECT FROM delivery WHERE lane = $1 AND state IN ('queued', 'sending') LIMIT $3) AS waiting) AS "waiting!""#,
        lane_text(lane),
        LOOKED_AT,
        limit,
    )
    .fetch_one(pool)
    .await?;
    Ok(Waiting { oldest: row.oldest.map(|time| time.to_jiff()), count: row.waiting })
}
