//! Writing calls.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use store::{Error, Tx};
use uuid::Uuid;

use crate::outbox::SealedCall;

/// Numbers the calls within their keys and writes them, in one statement.
///
/// The upsert of the key's row locks it and answers its latest state, whatever the statement's snapshot: so `finished_seq` is what the
/// last settlement left, and no settlement of this key can commit before this transaction ends. Keys are locked in sorted order.
pub(crate) async fn enqueue(tx: &mut Tx, now: Timestamp, rows: Vec<SealedCall>) -> Result<(), Error> {
    let mut columns = Columns::default();
    for row in rows {
        columns.call_ids.push(row.call_id);
        columns.destinations.push(row.destination);
        columns.keys.push(row.key);
        columns.methods.push(row.method);
        columns.requests.push(row.request);
        columns.notes.push(row.note);
        columns.expire_times.push(row.expire_time.map(|time| time.to_sqlx()));
        columns.trace_contexts.push(row.trace_context);
    }
    sqlx::query!(
        "-- enqueue()
        WITH call AS (
            SELECT call_id, destination, ordering_key, method, request, note, trace_context, expire_time, position
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::text[], $9::timestamptz[])
                WITH ORDINALITY AS given (call_id, destination, ordering_key, method, request, note, trace_context, expire_time,
                    position)
        ), numbered AS (
            INSERT INTO outbox_key AS k (destination, ordering_key, last_seq, finished_seq)
            SELECT destination, ordering_key, count(*), 0 FROM call
            GROUP BY destination, ordering_key ORDER BY destination, ordering_key
            ON CONFLICT (destination, ordering_key) DO UPDATE SET last_seq = k.last_seq + excluded.last_seq
            RETURNING destination, ordering_key, last_seq, finished_seq
        ), placed AS (
            SELECT call_id, destination, ordering_key, method, request, note, trace_context, expire_time, finished_seq,
                last_seq - count(*) OVER (PARTITION BY destination, ordering_key)
                    + row_number() OVER (PARTITION BY destination, ordering_key ORDER BY position) AS seq
            FROM call JOIN numbered USING (destination, ordering_key)
        )
        INSERT INTO outbox (call_id, destination, ordering_key, seq, head, state, method, request, note, trace_context,
            create_time, attempts, next_attempt_time, expire_time)
        SELECT call_id, destination, ordering_key, seq, seq = finished_seq + 1, 'waiting', method, request, note, trace_context, $8, 0, $8,
            expire_time
        FROM placed",
        &columns.call_ids,
        &columns.destinations as &[&str],
        &columns.keys,
        &columns.methods as &[&str],
        &columns.requests,
        &columns.notes,
        &columns.trace_contexts as &[Option<String>],
        now.to_sqlx(),
        &columns.expire_times as &[Option<jiff_sqlx::Timestamp>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The rows as `unnest` wants them.
#[derive(Default)]
struct Columns {
    call_ids: Vec<Uuid>,
    destinations: Vec<&'static str>,
    keys: Vec<String>,
    methods: Vec<&'static str>,
    requests: Vec<Vec<u8>>,
    notes: Vec<Value>,
    expire_times: Vec<Option<jiff_sqlx::Timestamp>>,
    trace_contexts: Vec<Option<String>>,
}
