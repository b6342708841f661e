//! Taking calls under a lease.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::PgPool;
use store::Error;
use uuid::Uuid;

/// The right to deliver what was claimed, and to record the outcome, until `expiry`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) token: Uuid,
    pub(crate) expiry: Timestamp,
}

/// A call that this process may deliver now.
pub(crate) struct Claimed {
    pub(crate) call_id: Uuid,
    pub(crate) ordering_key: String,
    pub(crate) seq: i64,
    pub(crate) method: String,
    pub(crate) request: Vec<u8>,
    pub(crate) note: Value,
    pub(crate) trace_context: Option<String>,
    pub(crate) create_time: jiff_sqlx::Timestamp,
    pub(crate) expire_time: Option<jiff_sqlx::Timestamp>,
    pub(crate) attempts: i32,
}

/// Claims at most `limit` heads of `destination` that are due, oldest due first. One statement, so one round trip.
///
/// A claimed row's next attempt is the lease's end: it leaves the front of the index at once, and comes back by itself if the one who
/// holds it dies. A row that another relay claimed meanwhile is looked at again in its new version, and is no longer due.
pub(crate) async fn claim(
    pool: &PgPool,
    destination: &str,
    now: Timestamp,
    limit: i64,
    lease: Lease,
) -> Result<Vec<Claimed>, Error> {
    let claimed = sqlx::query_as!(
        Claimed,
        r#"-- claim()
        WITH due AS MATERIALIZED (
            SELECT call_id FROM outbox
            WHERE destination = $1 AND head AND state = 'waiting' AND next_attempt_time <= $2
            ORDER BY next_attempt_time LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
        UPDATE outbox SET attempts = attempts + 1, next_attempt_time = $4, lease_token = $5
        FROM due WHERE outbox.call_id = due.call_id
        RETURNING outbox.call_id, ordering_key, seq, method, request AS "request!", note, trace_context, create_time,
            expire_time, attempts"#,
        destination,
        now.to_sqlx(),
        limit,
        lease.expiry.to_sqlx(),
        lease.token,
    )
    .fetch_all(pool)
    .await?;
    Ok(claimed)
}

/// Claims heads of `destination` written at `cutoff` or before, due or not, unless somebody is delivering them right now.
pub(crate) async fn claim_too_old(
    pool: &PgPool,
    destination: &str,
    now: Timestamp,
    cutoff: Timestamp,
    limit: i64,
    lease: Lease,
) -> Result<Vec<Claimed>, Error> {
    let claimed = sqlx::query_as!(
        Claimed,
        r#"-- claim_too_old()
        WITH old AS MATERIALIZED (
            SELECT call_id FROM outbox
            WHERE destination = $1 AND state = 'waiting' AND create_time <= $2 AND head
                AND (lease_token IS NULL OR next_attempt_time <= $3)
            ORDER BY create_time LIMIT $4
            FOR UPDATE SKIP LOCKED
        )
        UPDATE outbox SET next_attempt_time = $5, lease_token = $6
        FROM old WHERE outbox.call_id = old.call_id
        RETURNING outbox.call_id, ordering_key, seq, method, request AS "request!", note, trace_context, create_time,
            expire_time, attempts"#,
        destination,
        cutoff.to_sqlx(),
        now.to_sqlx(),
        limit,
        lease.expiry.to_sqlx(),
        lease.token,
    )
    .fetch_all(pool)
    .await?;
    Ok(claimed)
}
