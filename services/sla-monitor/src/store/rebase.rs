//! Tables `rebase` and `rebase_entry`.

use std::collections::HashSet;

use ::deadline::ClockKind;
use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::deadline::{Row as DeadlineRow, each};
use super::{corrupt, stamp, time};
use crate::domain::{Deadline, EntryOutcome, Rebase, RebaseEntry, RebaseState, RebaseTally, kind_of};

/// A row as it is stored.
struct Row {
    rebase_id: Uuid,
    policy_version: i64,
    policy_hash: String,
    state: String,
    per_second: i32,
    note: String,
    author: String,
    create_time: Stamp,
    end_time: Option<Stamp>,
    position: Uuid,
    next_time: Stamp,
    pass_time: Stamp,
    looked: i64,
    pass_asked: i64,
    asked: i64,
}

/// Begins one; false, and nothing is written, when another is under way.
pub(crate) async fn insert(tx: &mut Tx, it: &Rebase) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        "-- insert_rebase()
        INSERT INTO rebase (rebase_id, policy_version, policy_hash, state, per_second, note, author, create_time, position, next_time,
            pass_time, looked, pass_asked, asked)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 0, 0, 0)
        ON CONFLICT DO NOTHING",
        it.id,
        it.policy_version,
        it.policy_hash,
        it.state.as_str(),
        i32::try_from(it.per_second).unwrap_or(i32::MAX),
        it.note,
        it.author,
        it.create_time.to_sqlx(),
        it.position,
        it.next_time.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The one that is under way, and when it began.
pub(crate) async fn running(db: &mut PgConnection) -> Result<Option<(Uuid, Timestamp)>, Error> {
    let row = sqlx::query!("-- running_rebase()\nSELECT rebase_id, create_time FROM rebase WHERE state = 'running'")
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (row.rebase_id, row.create_time.to_jiff())))
}

/// Reads one.
pub(crate) async fn get(db: &mut PgConnection, id: Uuid) -> Result<Option<Rebase>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- get_rebase()
        SELECT rebase_id, policy_version, policy_hash, state, per_second, note, author, create_time, end_time, position, next_time,
            pass_time, looked, pass_asked, asked
        FROM rebase WHERE rebase_id = $1",
        id,
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// What became of its entries. Counts them: asked for by people, now and then.
pub(crate) async fn tally(db: &mut PgConnection, id: Uuid) -> Result<RebaseTally, Error> {
    let row = sqlx::query!(
        r#"-- tally_rebase()
        SELECT count(*) FILTER (WHERE outcome = 'pending') AS "pending!", count(*) FILTER (WHERE outcome = 'rebased') AS "rebased!",
            count(*) FILTER (WHERE outcome = 'rebased' AND due_time IS DISTINCT FROM old_due_time) AS "moved!",
            count(*) FILTER (WHERE outcome = 'refused') AS "refused!"
        FROM rebase_entry WHERE rebase_id = $1"#,
        id,
    )
    .fetch_one(db)
    .await?;
    Ok(RebaseTally { pending: row.pending, rebased: row.rebased, moved: row.moved, refused: row.refused })
}

/// Ends one that is under way; waits for the page that is being looked at.
pub(crate) async fn stop(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "-- stop_rebase()
        UPDATE rebase SET state = 'stopped', end_time = $2 WHERE rebase_id = $1 AND state = 'running'",
        id,
        now.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks the one that is under way, if it is time to go on and no other replica does.
pub(crate) async fn next(tx: &mut Tx, now: Timestamp) -> Result<Option<Rebase>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- next_rebase()
        SELECT rebase_id, policy_version, policy_hash, state, per_second, note, author, create_time, end_time, position, next_time,
            pass_time, looked, pass_asked, asked
        FROM rebase WHERE state = 'running' AND next_time <= $1
        FOR UPDATE SKIP LOCKED",
        now.to_sqlx(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Row::read).transpose()
}

/// The tracked deadlines after one, by their ids.
pub(crate) async fn page(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<(Uuid, Result<Deadline, Error>)>, Error> {
    let rows = sqlx::query_as!(
        DeadlineRow,
        "-- tracked_after()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group, suspensions,
            mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline WHERE deadline_id > $1 AND state = 'tracked' ORDER BY deadline_id LIMIT $2",
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    each(tx, rows).await
}

/// Writes how far the locked one is.
pub(crate) async fn record(tx: &mut Tx, it: &Rebase) -> Result<(), Error> {
    sqlx::query!(
        "-- record_rebase()
        UPDATE rebase SET state = $2, end_time = $3, position = $4, next_time = $5, looked = $6, asked = $7,
            pass_time = $8, pass_asked = $9
        WHERE rebase_id = $1",
        it.id,
        it.state.as_str(),
        stamp(it.end_time) as Option<Stamp>,
        it.position,
        it.next_time.to_sqlx(),
        it.looked,
        it.asked,
        it.pass_time.to_sqlx(),
        it.pass_asked,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether at least so many entries are not answered for.
pub(crate) async fn has_pending(tx: &mut Tx, rebase: Uuid, many: i64) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"-- pending_of_rebase()
        SELECT count(*) AS "count!" FROM (
            SELECT 1 FROM rebase_entry WHERE rebase_id = $1 AND outcome = 'pending' LIMIT $2) AS pending"#,
        rebase,
        many,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found >= many)
}

/// Those of some deadlines that were asked for before.
pub(crate) async fn entered(tx: &mut Tx, rebase: Uuid, deadlines: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    let found = sqlx::query_scalar!(
        "-- entered_of_rebase()
        SELECT DISTINCT deadline_id FROM rebase_entry WHERE rebase_id = $1 AND deadline_id = ANY($2)",
        rebase,
        deadlines,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().collect())
}

/// Enters what is asked for.
pub(crate) async fn enter(tx: &mut Tx, rebase: Uuid, entries: &[RebaseEntry], now: Timestamp) -> Result<(), Error> {
    let deadlines: Vec<Uuid> = entries.iter().map(|it| it.deadline).collect();
    let clocks: Vec<&str> = entries.iter().map(|it| it.clock.as_str()).collect();
    let old_due_times: Vec<Option<Stamp>> = entries.iter().map(|it| stamp(it.old_due_time)).collect();
    sqlx::query!(
        "-- enter_rebased()
        INSERT INTO rebase_entry (rebase_id, deadline_id, clock, old_due_time, outcome, ask_time)
        SELECT $1, deadline_id, clock, old_due_time, 'pending', $5
        FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS entry (deadline_id, clock, old_due_time)",
        rebase,
        &deadlines,
        &clocks as &[&str],
        &old_due_times as &[Option<Stamp>],
        now.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes what became of an entry. A dead call may be tried again, so it may be written again.
pub(crate) async fn settle(tx: &mut Tx, rebase: Uuid, it: &RebaseEntry) -> Result<(), Error> {
    sqlx::query!(
        "-- settle_rebased()
        UPDATE rebase_entry SET old_due_time = $4, due_time = $5, outcome = $6, reason = $7, settle_time = $8
        WHERE rebase_id = $1 AND deadline_id = $2 AND clock = $3",
        rebase,
        it.deadline,
        it.clock.as_str(),
        stamp(it.old_due_time) as Option<Stamp>,
        stamp(it.due_time) as Option<Stamp>,
        it.outcome.as_str(),
        it.reason,
        stamp(it.settle_time) as Option<Stamp>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The entries of one deadline.
pub(crate) async fn entries_of(tx: &mut Tx, rebase: Uuid, deadline: Uuid) -> Result<Vec<RebaseEntry>, Error> {
    let rows = sqlx::query_as!(
        EntryRow,
        "-- rebased_of()
        SELECT deadline_id, clock, old_due_time, due_time, outcome, reason, ask_time, settle_time
        FROM rebase_entry WHERE rebase_id = $1 AND deadline_id = $2",
        rebase,
        deadline,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// The entries after one, by deadline and clock.
pub(crate) async fn list(
    pool: &PgPool,
    rebase: Uuid,
    after: (Uuid, String),
    limit: i64,
) -> Result<Vec<RebaseEntry>, Error> {
    let rows = sqlx::query_as!(
        EntryRow,
        "-- list_rebased()
        SELECT deadline_id, clock, old_due_time, due_time, outcome, reason, ask_time, settle_time
        FROM rebase_entry WHERE rebase_id = $1 AND (deadline_id, clock) > ($2, $3) ORDER BY deadline_id, clock LIMIT $4",
        rebase,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// An entry as it is stored.
struct EntryRow {
    deadline_id: Uuid,
    clock: String,
    old_due_time: Option<Stamp>,
    due_time: Option<Stamp>,
    outcome: String,
    reason: Option<String>,
    ask_time: Stamp,
    settle_time: Option<Stamp>,
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Rebase, Error> {
        Ok(Rebase {
            id: self.rebase_id,
            policy_version: self.policy_version,
            policy_hash: self.policy_hash,
            state: RebaseState::parse(&self.state).ok_or_else(|| corrupt("rebase.state"))?,
            per_second: u32::try_from(self.per_second).map_err(|_| corrupt("rebase.per_second"))?,
            note: self.note,
            author: self.author,
            create_time: self.create_time.to_jiff(),
            end_time: time(self.end_time),
            position: self.position,
            next_time: self.next_time.to_jiff(),
            pass_time: self.pass_time.to_jiff(),
            looked: self.looked,
            pass_asked: self.pass_asked,
            asked: self.asked,
        })
    }
}

// === impl EntryRow ===

impl EntryRow {
    fn read(self) -> Result<RebaseEntry, Error> {
        let clock: ClockKind = kind_of(&self.clock).ok_or_else(|| corrupt("rebase_entry.clock"))?;
        Ok(RebaseEntry {
            deadline: self.deadline_id,
            clock,
            old_due_time: time(self.old_due_time),
            due_time: time(self.due_time),
            outcome: EntryOutcome::parse(&self.outcome).ok_or_else(|| corrupt("rebase_entry.outcome"))?,
            reason: self.reason,
            ask_time: self.ask_time.to_jiff(),
            settle_time: time(self.settle_time),
        })
    }
}
