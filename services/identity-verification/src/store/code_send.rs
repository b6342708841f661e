//! Table `code_send`: when codes went to an address.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

/// When codes went to an address during the last day. Holds a lock on the address until the transaction ends, so that requests
/// at once don't all see room for one more.
pub(crate) async fn last_day(
    db: &mut PgConnection,
    address_index: &[u8],
    now: Timestamp,
) -> Result<Vec<Timestamp>, Error> {
    sqlx::query!(
        "-- lock_address()
        SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))",
        address_index,
    )
    .execute(&mut *db)
    .await?;
    let sent = sqlx::query_scalar!(
        "-- list_code_sends()
        SELECT send_time FROM code_send WHERE address_index = $1 AND send_time > $2",
        address_index,
        (now - SignedDuration::from_hours(24)).to_sqlx(),
    )
    .fetch_all(db)
    .await?;
    Ok(sent.into_iter().map(jiff_sqlx::Timestamp::to_jiff).collect())
}

/// Notes that a code goes to an address.
pub(crate) async fn insert(
    db: &mut PgConnection,
    address_index: &[u8],
    verification: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "-- insert_code_send()
        INSERT INTO code_send (address_index, send_time, verification_id) VALUES ($1, $2, $3)",
        address_index,
        now.to_sqlx(),
        verification,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets at most 1,000 that no limit looks at any more; answers how many.
pub(crate) async fn purge(db: &mut PgConnection, now: Timestamp) -> Result<u64, Error> {
    let gone = sqlx::query!(
        "-- purge_code_sends()
        DELETE FROM code_send WHERE ctid IN (
            SELECT ctid FROM code_send WHERE send_time <= $1 LIMIT 1000
        )",
        (now - SignedDuration::from_hours(24)).to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
