//! The look for what is due.

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;

use super::deadline::{Row, whole};
use crate::domain::Deadline;

/// Locks the deadlines that have been due longest, at most `limit`, and reads them. One that somebody else holds is left to them: it is being
/// fired there, or changed, and is looked at again in the next step.
pub(crate) async fn lock(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<Vec<Deadline>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- lock_due()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, suspensions,
            mismatch, create_time, update_time
        FROM deadline WHERE next_fire_time <= $1
        ORDER BY next_fire_time LIMIT $2
        FOR UPDATE SKIP LOCKED",
        now.to_sqlx(),
        i64::from(limit),
    )
    .fetch_all(&mut **tx)
    .await?;
    whole(tx, rows).await
}

/// Since when the oldest has been due; `None` when nothing is. Reads one entry of the index.
pub(crate) async fn oldest(pool: &PgPool, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let oldest = sqlx::query_scalar!(
        r#"-- oldest_due()
        SELECT next_fire_time AS "next_fire_time!" FROM deadline WHERE next_fire_time <= $1
        ORDER BY next_fire_time LIMIT 1"#,
        now.to_sqlx(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(oldest.map(jiff_sqlx::Timestamp::to_jiff))
}
