//! The canary's row in table `deadline`.

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::PgPool;

use crate::domain::CANARY;

/// Begins the canary, unless it is under way; answers whether it had to. One without a next time was looked at by an older version of this
/// service, which did not know it and put it aside.
pub(crate) async fn begin(pool: &PgPool, first: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let begun = sqlx::query!(
        "-- begin_canary()
        INSERT INTO deadline (deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel,
            suspensions, state, mismatch, next_fire_time, create_time, update_time)
        VALUES ($1, '', 1, '', 1, '', '', '', '', '[]', 'canary', false, $2, $3, $3)
        ON CONFLICT (deadline_id) DO UPDATE SET next_fire_time = excluded.next_fire_time, update_time = excluded.update_time
        WHERE deadline.next_fire_time IS NULL",
        CANARY,
        first.to_sqlx(),
        now.to_sqlx(),
    )
    .execute(pool)
    .await?;
    Ok(begun.rows_affected() > 0)
}

/// When it fires next, or should have; `None` when it is not under way.
pub(crate) async fn planned(pool: &PgPool) -> Result<Option<Timestamp>, Error> {
    let planned = sqlx::query_scalar!(
        r#"-- canary_planned()
        SELECT next_fire_time AS "next_fire_time!" FROM deadline WHERE deadline_id = $1 AND next_fire_time IS NOT NULL"#,
        CANARY,
    )
    .fetch_optional(pool)
    .await?;
    Ok(planned.map(Stamp::to_jiff))
}

/// Fires it, whose row is locked: answers when it should have, and plans the next time.
pub(crate) async fn fire(tx: &mut Tx, next: Timestamp, now: Timestamp) -> Result<Timestamp, Error> {
    let planned = sqlx::query_scalar!(
        r#"-- fire_canary()
        UPDATE deadline SET next_fire_time = $2, update_time = greatest(deadline.update_time, $3)
        FROM deadline AS was
        WHERE deadline.deadline_id = $1 AND was.deadline_id = $1
        RETURNING was.next_fire_time AS "planned!""#,
        CANARY,
        next.to_sqlx(),
        now.to_sqlx(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(planned.to_jiff())
}
