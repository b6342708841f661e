//! The inbox: which requests were applied.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgExecutor;
use store::{Error, Tx};
use uuid::Uuid;

/// What the first request with this id left.
pub(crate) struct Found {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) response: Option<Vec<u8>>,
}

/// Notes a request; false when it was noted before. Waits for a transaction that is noting the same one, and goes by its end.
pub(crate) async fn insert(
    tx: &mut Tx,
    caller: &str,
    method: &str,
    request_id: Uuid,
    fingerprint: &[u8],
    now: Timestamp,
) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        "-- insert_request_id()
        INSERT INTO request_id (caller, method, request_id, fingerprint, create_time) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (caller, method, request_id) DO NOTHING",
        caller,
        method,
        request_id,
        fingerprint,
        now.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// What was noted. A later statement than [`insert`], so it sees what that one waited for.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    caller: &str,
    method: &str,
    request_id: Uuid,
) -> Result<Option<Found>, Error> {
    let found = sqlx::query_as!(
        Found,
        "-- find_request_id()
        SELECT fingerprint, response FROM request_id WHERE caller = $1 AND method = $2 AND request_id = $3",
        caller,
        method,
        request_id,
    )
    .fetch_optional(executor)
    .await?;
    Ok(found)
}

/// Keeps the answer; false when the request was not noted in this transaction.
pub(crate) async fn answer(
    tx: &mut Tx,
    caller: &str,
    method: &str,
    request_id: Uuid,
    response: &[u8],
) -> Result<bool, Error> {
    let updated = sqlx::query!(
        "-- answer_request_id()
        UPDATE request_id SET response = $4 WHERE caller = $1 AND method = $2 AND request_id = $3 AND response IS NULL",
        caller,
        method,
        request_id,
        response,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}
