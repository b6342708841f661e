//! Forgetting what is no longer needed, in batches that hold their locks for milliseconds.
//!
//! By rows, not by dropping partitions: the order within a key rests on `outbox_seq_key`, and a partitioned table can only have it within each
//! partition. The load report tells what the purge costs (`tests/load/report.md`, Footprint).

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use store::{Error, Tx};

/// Deletes settled calls; answers the keys they were of.
pub(crate) async fn delete_settled(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let gone = sqlx::query!(
        "-- delete_settled()
        DELETE FROM outbox WHERE call_id IN (
            SELECT call_id FROM outbox
            WHERE state IN ('done', 'refused', 'dropped') AND settle_time < $1
            ORDER BY settle_time LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        RETURNING destination, ordering_key",
        before.to_sqlx(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(gone.into_iter().map(|row| (row.destination, row.ordering_key)).unzip())
}

/// Deletes those of the keys that have no calls any more.
///
/// Their rows are locked first, and what they still have is looked at in a later statement: only a snapshot taken under the lock sees the
/// calls that another replica has purged, or that were added and settled, meanwhile. Whoever deletes the last call of a key deletes the key.
pub(crate) async fn delete_idle_keys(tx: &mut Tx, destinations: &[String], keys: &[String]) -> Result<(), Error> {
    sqlx::query!(
        "-- lock_idle_keys()
        SELECT k.last_seq FROM outbox_key AS k
        JOIN (
            SELECT DISTINCT destination, ordering_key FROM unnest($1::text[], $2::text[]) AS given (destination, ordering_key)
        ) AS emptied USING (destination, ordering_key)
        ORDER BY k.destination, k.ordering_key
        FOR UPDATE OF k",
        destinations,
        keys,
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query!(
        "-- delete_idle_keys()
        DELETE FROM outbox_key AS k
        USING (
            SELECT DISTINCT destination, ordering_key FROM unnest($1::text[], $2::text[]) AS given (destination, ordering_key)
        ) AS emptied
        WHERE k.destination = emptied.destination AND k.ordering_key = emptied.ordering_key
            AND k.last_seq = k.finished_seq
            AND NOT EXISTS (
                SELECT FROM outbox WHERE outbox.destination = k.destination AND outbox.ordering_key = k.ordering_key)",
        destinations,
        keys,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Erases the requests of dead calls that can't be requeued any more.
pub(crate) async fn erase_dead(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let erased = sqlx::query!(
        "-- erase_dead()
        UPDATE outbox SET request = NULL WHERE call_id IN (
            SELECT call_id FROM outbox WHERE state = 'dead' AND create_time <= $1 AND request IS NOT NULL
            ORDER BY create_time LIMIT $2
            FOR UPDATE SKIP LOCKED
        )",
        before.to_sqlx(),
        limit,
    )
    .execute(pool)
    .await?;
    Ok(erased.rows_affected())
}

/// Erases the requests of calls whose own time has passed. A waiting one keeps its place in its key, empty, and is settled when its turn
/// comes: settled out of turn, it would let those behind it pass those before it.
pub(crate) async fn erase_expired(pool: &PgPool, now: Timestamp, limit: i64) -> Result<u64, Error> {
    let erased = sqlx::query!(
        "-- erase_expired()
        UPDATE outbox SET request = '' WHERE call_id IN (
            SELECT call_id FROM outbox
            WHERE expire_time IS NOT NULL AND expire_time <= $1 AND state IN ('waiting', 'dead') AND request <> ''
            ORDER BY expire_time LIMIT $2
            FOR UPDATE SKIP LOCKED
        )",
        now.to_sqlx(),
        limit,
    )
    .execute(pool)
    .await?;
    Ok(erased.rows_affected())
}

/// Deletes request ids.
pub(crate) async fn delete_request_ids(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let gone = sqlx::query!(
        "-- delete_request_ids()
        DELETE FROM request_id WHERE (caller, method, request_id) IN (
            SELECT caller, method, request_id FROM request_id WHERE create_time < $1
            ORDER BY create_time LIMIT $2
            FOR UPDATE SKIP LOCKED
        )",
        before.to_sqlx(),
        limit,
    )
    .execute(pool)
    .await?;
    Ok(gone.rows_affected())
}
