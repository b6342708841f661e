//! Table `drift`, and what the reconciler reads to fill it.

use std::collections::HashMap;

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::PgPool;
use uuid::Uuid;

use super::deadline::{Row, each};
use super::{corrupt, time};
use crate::domain::{Deadline, Drift, DriftKind};

/// A page of deadlines as they were at one instant.
pub(crate) struct Page {
    /// The last row's, also where that is over and not read.
    pub(crate) last: Option<Uuid>,
    /// Rows looked at.
    pub(crate) count: usize,
    /// Those of which something can still happen, with when the monitor is to look at them.
    pub(crate) open: Vec<(Uuid, Option<Timestamp>, Result<Deadline, Error>)>,
}

/// The deadlines after one, in order of their ids. It locks nothing; all its statements see the same instant, since a firing between two of them
/// would look like drift. The canary has no clocks, and its id comes before all.
pub(crate) async fn page(tx: &mut Tx, after: Uuid, limit: u32) -> Result<Page, Error> {
    sqlx::query!("-- look_at_one_instant()\nSET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut **tx)
        .await?;
    let rows = sqlx::query!(
        r#"-- deadlines_after()
        SELECT deadline_id, next_fire_time, (state <> 'stopped' OR EXISTS (
            SELECT 1 FROM clock WHERE clock.deadline_id = deadline.deadline_id AND clock.state = 'running')) AS "is_open!"
        FROM deadline WHERE deadline_id > $1 ORDER BY deadline_id LIMIT $2"#,
        after,
        i64::from(limit),
    )
    .fetch_all(&mut **tx)
    .await?;
    let (last, count) = (rows.last().map(|row| row.deadline_id), rows.len());
    let mut fire_times: HashMap<Uuid, Option<Timestamp>> =
        rows.into_iter().filter(|row| row.is_open).map(|row| (row.deadline_id, time(row.next_fire_time))).collect();
    let ids: Vec<Uuid> = fire_times.keys().copied().collect();
    let rows = sqlx::query_as!(
        Row,
        "-- deadlines_of()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group, suspensions,
            mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline WHERE deadline_id = ANY($1)",
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = each(tx, rows).await?;
    let open = read.into_iter().map(|(id, read)| (id, fire_times.remove(&id).flatten(), read)).collect();
    Ok(Page { last, count, open })
}

/// The revisions of those deadlines that are known.
pub(crate) async fn revisions(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
    let rows = sqlx::query!(
        "-- revisions_of()
        SELECT deadline_id, revision FROM deadline WHERE deadline_id = ANY($1)",
        ids,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.deadline_id, row.revision)).collect())
}

/// Keeps what a page of a pass found. Answers what this pass had not found before, each with whether no pass before had either.
pub(crate) async fn keep(
    tx: &mut Tx,
    pass: i64,
    found: &[(DriftKind, Uuid)],
    now: Timestamp,
) -> Result<Vec<(DriftKind, Uuid, bool)>, Error> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
    let ids: Vec<Uuid> = found.iter().map(|(_, id)| *id).collect();
    let rows = sqlx::query!(
        r#"-- keep_drifts()
        INSERT INTO drift (kind, deadline_id, pass, first_find_time, find_time)
        SELECT DISTINCT kind, deadline_id, $3::bigint, $4::timestamptz, $4::timestamptz
        FROM unnest($1::text[], $2::uuid[]) AS found (kind, deadline_id)
        ON CONFLICT (kind, deadline_id) DO UPDATE SET pass = excluded.pass, find_time = excluded.find_time
            WHERE drift.pass < excluded.pass
        RETURNING kind, deadline_id, first_find_time = find_time AS "is_new!""#,
        &kinds as &[&str],
        &ids,
        pass,
        now.to_sqlx(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = DriftKind::parse(&row.kind).ok_or_else(|| corrupt("drift.kind"))?;
            Ok((kind, row.deadline_id, row.is_new))
        })
        .collect()
}

/// Deletes at most `limit` that passes before `pass` found last; answers how many there were.
pub(crate) async fn sweep(tx: &mut Tx, pass: i64, limit: u32) -> Result<u64, Error> {
    let swept = sqlx::query!(
        "-- sweep_drifts()
        DELETE FROM drift WHERE (kind, deadline_id) IN (
            SELECT kind, deadline_id FROM drift WHERE pass < $1 ORDER BY pass LIMIT $2)",
        pass,
        i64::from(limit),
    )
    .execute(&mut **tx)
    .await?;
    Ok(swept.rows_affected())
}

/// The drifts after one, in order of kinds and ids. What the last whole pass did not find again is not shown, swept or not.
pub(crate) async fn list(pool: &PgPool, after: (String, Uuid), limit: i64) -> Result<Vec<Drift>, Error> {
    let rows = sqlx::query!(
        "-- list_drifts()
        SELECT kind, deadline_id, first_find_time, find_time FROM drift
        WHERE (kind, deadline_id) > ($1, $2) AND pass >= (SELECT whole_pass FROM reconciliation)
        ORDER BY kind, deadline_id LIMIT $3",
        after.0,
        after.1,
        limit,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Drift {
                kind: DriftKind::parse(&row.kind).ok_or_else(|| corrupt("drift.kind"))?,
                deadline: row.deadline_id,
                first_find_time: row.first_find_time.to_jiff(),
                find_time: row.find_time.to_jiff(),
            })
        })
        .collect()
}

/// Whether a pass found that at a deadline.
pub(crate) async fn is_known(tx: &mut Tx, deadline: Uuid, kind: DriftKind) -> Result<bool, Error> {
    let known = sqlx::query_scalar!(
        r#"-- drift_is_known()
        SELECT EXISTS (SELECT 1 FROM drift WHERE kind = $1 AND deadline_id = $2) AS "known!""#,
        kind.as_str(),
        deadline,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(known)
}

/// Forgets these kinds at a deadline: they are mended.
pub(crate) async fn forget(tx: &mut Tx, deadline: Uuid, kinds: &[DriftKind]) -> Result<(), Error> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    sqlx::query!(
        "-- forget_drifts()
        DELETE FROM drift WHERE kind = ANY($1) AND deadline_id = $2",
        &kinds as &[&str],
        deadline,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// When the monitor is to look at a deadline, whose row is locked, as it is written.
pub(crate) async fn fire_time(tx: &mut Tx, deadline: Uuid) -> Result<Option<Timestamp>, Error> {
    let fire_time: Option<Option<Stamp>> = sqlx::query_scalar!(
        "-- fire_time_of()
        SELECT next_fire_time FROM deadline WHERE deadline_id = $1",
        deadline,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(time(fire_time.flatten()))
}
