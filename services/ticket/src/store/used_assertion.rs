//! Table `used_assertion`: an assertion is good for one use (T20).

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use store::{Db, Error, Tx};
use uuid::Uuid;

/// Marks an assertion as used for an appeal. `false` when it was used before, by whomever; a rival that uses it at the same moment
/// is waited for.
///
/// # Errors
/// Those of any statement.
pub async fn use_once(
    tx: &mut Tx,
    jti: &str,
    appeal: Uuid,
    now: Timestamp,
    expire_time: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "-- used_assertion_use_once()
        INSERT INTO used_assertion (jti, appeal_id, use_time, expire_time) VALUES ($1, $2, $3, $4)
        ON CONFLICT (jti) DO NOTHING",
        jti,
        appeal,
        now.to_sqlx(),
        expire_time.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets at most `limit` assertions that expired before `before` and would be refused anyway. Answers how many. Those that another
/// replica is forgetting are left to it.
///
/// # Errors
/// Those of any statement.
pub async fn purge(db: &Db, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "-- used_assertion_purge()
        DELETE FROM used_assertion WHERE jti IN (
            SELECT jti FROM used_assertion WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before.to_sqlx(),
        limit
    )
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}
