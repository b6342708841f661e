//! Recording what became of claimed calls. The four functions are the four steps of one transaction, in this order.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use store::{Error, Tx};
use uuid::Uuid;

/// What a row becomes.
pub(crate) struct Record {
    pub(crate) call_id: Uuid,
    /// `waiting`, `done`, `refused` or `dead`.
    pub(crate) state: &'static str,
    pub(crate) error: Option<String>,
    /// For `waiting`: when it is tried again. Of no effect on the others.
    pub(crate) next_attempt_time: Timestamp,
}

/// Locks those of the calls that are still held under this lease. The others were taken over when it ran out, and are no more ours.
pub(crate) async fn lock_leased(tx: &mut Tx, token: Uuid, calls: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let held = sqlx::query_scalar!(
        "-- lock_leased()
        SELECT call_id FROM outbox WHERE call_id = ANY($1) AND lease_token = $2 AND state = 'waiting'
        ORDER BY call_id FOR UPDATE",
        calls,
        token,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(held)
}

/// Writes the outcomes and gives the leases back. A done or refused call's request is erased.
pub(crate) async fn record(tx: &mut Tx, now: Timestamp, records: &[Record]) -> Result<(), Error> {
    let call_ids: Vec<Uuid> = records.iter().map(|record| record.call_id).collect();
    let states: Vec<&str> = records.iter().map(|record| record.state).collect();
    let errors: Vec<Option<&str>> = records.iter().map(|record| record.error.as_deref()).collect();
    let next: Vec<jiff_sqlx::Timestamp> = records.iter().map(|record| record.next_attempt_time.to_sqlx()).collect();
    sqlx::query!(
        "-- record()
        UPDATE outbox SET
            state = becomes.state,
            request = CASE WHEN becomes.state IN ('waiting', 'dead') THEN request END,
            next_attempt_time = becomes.next_attempt_time,
            lease_token = NULL,
            last_error = becomes.error,
            settle_time = CASE WHEN becomes.state = 'waiting' THEN NULL ELSE $5::timestamptz END
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
            AS becomes (call_id, state, error, next_attempt_time)
        WHERE outbox.call_id = becomes.call_id",
        &call_ids,
        &states as &[&str],
        &errors as &[Option<&str>],
        &next as &[jiff_sqlx::Timestamp],
        now.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Moves keys on past settled calls and answers the next position of those that have one. From here to the end of the transaction
/// nobody can add a call to these keys, and whoever waits to will find them moved.
///
/// A requeued call lies before what its key has finished; it moves nothing.
pub(crate) async fn finish(
    tx: &mut Tx,
    destination: &str,
    settled: &[(String, i64)],
) -> Result<Vec<(String, i64)>, Error> {
    let (keys, seqs) = columns(settled);
    let moved = sqlx::query!(
        r#"-- finish()
        WITH settled AS (
            SELECT ordering_key, max(seq) AS seq FROM unnest($2::text[], $3::bigint[]) AS given (ordering_key, seq)
            GROUP BY ordering_key
        ), locked AS (
            SELECT k.ordering_key, settled.seq FROM outbox_key AS k JOIN settled ON settled.ordering_key = k.ordering_key
            WHERE k.destination = $1 AND k.finished_seq < settled.seq
            ORDER BY k.ordering_key FOR UPDATE OF k
        )
        UPDATE outbox_key AS k SET finished_seq = locked.seq
        FROM locked WHERE k.destination = $1 AND k.ordering_key = locked.ordering_key
        RETURNING k.ordering_key, k.finished_seq, k.last_seq"#,
        destination,
        &keys as &[&str],
        &seqs,
    )
    .fetch_all(&mut **tx)
    .await?;
    let next = moved.into_iter().filter(|key| key.finished_seq < key.last_seq);
    Ok(next.map(|key| (key.ordering_key, key.finished_seq + 1)).collect())
}

/// Makes the next calls heads. A statement of its own, after [`finish`]: only a snapshot taken under the key's lock is sure to see
/// a call that was being added meanwhile.
pub(crate) async fn promote(tx: &mut Tx, destination: &str, next: &[(String, i64)]) -> Result<(), Error> {
    let (keys, seqs) = columns(next);
    sqlx::query!(
        "-- promote()
        UPDATE outbox SET head = true
        FROM unnest($2::text[], $3::bigint[]) AS next (ordering_key, seq)
        WHERE outbox.destination = $1 AND outbox.ordering_key = next.ordering_key AND outbox.seq = next.seq",
        destination,
        &keys as &[&str],
        &seqs,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn columns(pairs: &[(String, i64)]) -> (Vec<&str>, Vec<i64>) {
    pairs.iter().map(|(key, seq)| (key.as_str(), *seq)).unzip()
}
