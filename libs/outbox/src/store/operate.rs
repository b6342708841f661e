//! What an operator does to dead calls.

use crate::store::list::Shown;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use store::{Error, Tx};
use uuid::Uuid;

/// Locks a call.
pub(crate) async fn lock(tx: &mut Tx, call_id: Uuid) -> Result<Option<Shown>, Error> {
    let call = sqlx::query_as!(
        Shown,
        "-- lock()
        SELECT call_id, destination, ordering_key, seq, method, state, attempts, last_error, create_time, next_attempt_time,
            settle_time, expire_time
        FROM outbox WHERE call_id = $1 FOR UPDATE",
        call_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(call)
}

/// Makes a dead call wait again, due at once. It is a head whatever stands before it: its key has moved on, and its receiver tells old
/// from new by the revision.
pub(crate) async fn requeue(tx: &mut Tx, call_id: Uuid, now: Timestamp) -> Result<Shown, Error> {
    let call = sqlx::query_as!(
        Shown,
        "-- requeue()
        UPDATE outbox SET state = 'waiting', head = true, next_attempt_time = $2, settle_time = NULL
        WHERE call_id = $1 AND state = 'dead'
        RETURNING call_id, destination, ordering_key, seq, method, state, attempts, last_error, create_time,
            next_attempt_time, settle_time, expire_time",
        call_id,
        now.to_sqlx(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(call)
}

/// Gives a dead call up and erases its request.
pub(crate) async fn give_up(tx: &mut Tx, call_id: Uuid, now: Timestamp) -> Result<Shown, Error> {
    let call = sqlx::query_as!(
        Shown,
        "-- give_up()
        UPDATE outbox SET state = 'dropped', request = NULL, settle_time = $2
        WHERE call_id = $1 AND state = 'dead'
        RETURNING call_id, destination, ordering_key, seq, method, state, attempts, last_error, create_time,
            next_attempt_time, settle_time, expire_time",
        call_id,
        now.to_sqlx(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(call)
}
