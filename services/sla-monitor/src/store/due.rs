//! The look for what is due.

use std::collections::HashMap;

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use uuid::Uuid;

use super::deadline::{Row, each};
use crate::domain::{CANARY, Deadline};

/// A look's find.
pub(crate) struct Found {
    pub(crate) deadlines: Vec<Deadline>,
    /// The `traceparent` of the call that set a deadline's due times.
    pub(crate) causes: HashMap<Uuid, String>,
    /// Locked like the others, and not to be read: whatever its fault, a deadline must not hold up all that are due with it.
    pub(crate) unreadable: Vec<(Uuid, Error)>,
    /// The canary is among what is due, and locked like the others.
    pub(crate) canary: bool,
}

/// Locks the deadlines that have been due longest, at most `limit`, and reads them. One that somebody else holds is left to them: it is being
/// fired there, or changed, and is looked at again in the next step.
pub(crate) async fn lock(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<Found, Error> {
    let mut rows = sqlx::query_as!(
        Row,
        "-- lock_due()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group,
            suspensions, mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline WHERE next_fire_time <= $1
        ORDER BY next_fire_time LIMIT $2
        FOR UPDATE SKIP LOCKED",
        now.to_sqlx(),
        i64::from(limit),
    )
    .fetch_all(&mut **tx)
    .await?;
    let all = rows.len();
    rows.retain(|row| row.deadline_id != CANARY);
    let canary = rows.len() < all;
    let cause = |row: &Row| Some((row.deadline_id, row.trace_context.clone()?));
    let causes = rows.iter().filter_map(cause).collect();
    let mut found = Found { deadlines: Vec::with_capacity(rows.len()), causes, unreadable: Vec::new(), canary };
    for (id, read) in each(tx, rows).await? {
        match read {
            Ok(deadline) => found.deadlines.push(deadline),
            Err(fault) => found.unreadable.push((id, fault)),
        }
    }
    Ok(found)
}

/// Puts off the next look at some deadlines.
pub(crate) async fn put_off(tx: &mut Tx, deadlines: &[Uuid], until: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "-- put_off_deadlines()
        UPDATE deadline SET next_fire_time = $2 WHERE deadline_id = ANY($1)",
        deadlines,
        until.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
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
