//! Table `deadline`, with what belongs to its rows.

use ::store::{Error, Tx};
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::clock::Kept;
use super::parts::Parts;
use super::{clock, corrupt, rung, stamp};
use crate::domain::{Acknowledgement, Breach, Deadline, Promise, Rung};

/// A row without its clocks and rungs.
pub(super) struct Row {
    pub(super) deadline_id: Uuid,
    pub(super) number: String,
    pub(super) revision: i64,
    pub(super) policy: String,
    pub(super) policy_version: i64,
    pub(super) policy_hash: String,
    pub(super) category: String,
    pub(super) priority: String,
    pub(super) channel: String,
    pub(super) queue_group: Option<String>,
    pub(super) suspensions: Value,
    pub(super) mismatch: bool,
    pub(super) create_time: Stamp,
    pub(super) update_time: Stamp,
    pub(super) trace_context: Option<String>,
    pub(super) acknowledged_level: Option<i16>,
    pub(super) acknowledge_time: Option<Stamp>,
    pub(super) region: Option<String>,
    pub(super) time_zone: Option<String>,
}

/// Reads a deadline.
pub(crate) async fn get(db: &mut PgConnection, id: Uuid) -> Result<Option<Deadline>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- get_deadline()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group,
            suspensions, mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline WHERE deadline_id = $1",
        id,
    )
    .fetch_optional(&mut *db)
    .await?;
    Ok(whole(db, Vec::from_iter(row)).await?.pop())
}

/// Reads a deadline and locks it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Deadline>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- lock_deadline()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group,
            suspensions, mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline WHERE deadline_id = $1 FOR UPDATE",
        id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(whole(tx, Vec::from_iter(row)).await?.pop())
}

/// Writes a new deadline; false, and nothing is written, when there is one. Waits for a transaction that is writing it.
pub(crate) async fn insert(tx: &mut Tx, it: &Deadline) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        "-- insert_deadline()
        INSERT INTO deadline (deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel,
            suspensions, state, mismatch, next_due_time, next_fire_time, create_time, update_time, trace_context, queue_group,
            acknowledged_level, acknowledge_time, region, time_zone)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
        ON CONFLICT (deadline_id) DO NOTHING",
        it.id,
        it.promise.number,
        it.promise.revision,
        it.promise.policy,
        it.promise.policy_version,
        it.promise.policy_hash,
        it.promise.category,
        it.promise.priority,
        it.promise.channel,
        suspensions(it)?,
        state(it),
        it.mismatch,
        stamp(it.next_due_time()) as Option<Stamp>,
        stamp(it.next_fire_time()) as Option<Stamp>,
        it.create_time.to_sqlx(),
        it.update_time.to_sqlx(),
        rpc::trace_context::current(),
        it.promise.group,
        it.promise.acknowledgement.map(|it| i16::from(it.level)),
        stamp(it.promise.acknowledgement.map(|it| it.time)) as Option<Stamp>,
        it.promise.region,
        it.promise.zone,
    )
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    clock::save(tx, it).await?;
    rung::rearm(tx, it.id, &[], &it.rungs).await?;
    Ok(true)
}

/// Writes a newer revision; `before` is what it was when it was locked.
pub(crate) async fn update(tx: &mut Tx, before: &[Rung], it: &Deadline) -> Result<(), Error> {
    sqlx::query!(
        "-- update_deadline()
        UPDATE deadline SET number = $2, revision = $3, policy = $4, policy_version = $5, policy_hash = $6, category = $7,
            priority = $8, channel = $9, suspensions = $10, state = $11, mismatch = $12, next_due_time = $13,
            next_fire_time = $14, update_time = $15, trace_context = $16, queue_group = $17,
            acknowledged_level = $18, acknowledge_time = $19, region = $20, time_zone = $21
        WHERE deadline_id = $1",
        it.id,
        it.promise.number,
        it.promise.revision,
        it.promise.policy,
        it.promise.policy_version,
        it.promise.policy_hash,
        it.promise.category,
        it.promise.priority,
        it.promise.channel,
        suspensions(it)?,
        state(it),
        it.mismatch,
        stamp(it.next_due_time()) as Option<Stamp>,
        stamp(it.next_fire_time()) as Option<Stamp>,
        it.update_time.to_sqlx(),
        rpc::trace_context::current(),
        it.promise.group,
        it.promise.acknowledgement.map(|it| i16::from(it.level)),
        stamp(it.promise.acknowledgement.map(|it| it.time)) as Option<Stamp>,
        it.promise.region,
        it.promise.zone,
    )
    .execute(&mut **tx)
    .await?;
    clock::save(tx, it).await?;
    rung::rearm(tx, it.id, before, &it.rungs).await
}

/// Writes what an answer changed: the settled rung, those that are armed now, and when to look again.
pub(crate) async fn settle(
    tx: &mut Tx,
    before: &[Rung],
    it: &Deadline,
    settled: &Rung,
    breach: &Breach,
) -> Result<(), Error> {
    rung::settle(tx, it, settled, breach).await?;
    rearm(tx, before, it).await
}

/// Writes those that are armed now, and when to look again.
pub(crate) async fn rearm(tx: &mut Tx, before: &[Rung], it: &Deadline) -> Result<(), Error> {
    rung::rearm(tx, it.id, before, &it.rungs).await?;
    reschedule(tx, std::slice::from_ref(it)).await
}

/// Writes when the monitor has to look at some deadlines again.
pub(crate) async fn reschedule(tx: &mut Tx, deadlines: &[Deadline]) -> Result<(), Error> {
    let ids: Vec<Uuid> = deadlines.iter().map(|it| it.id).collect();
    let fire_times: Vec<Option<Stamp>> = deadlines.iter().map(|it| stamp(it.next_fire_time())).collect();
    let update_times: Vec<Stamp> = deadlines.iter().map(|it| it.update_time.to_sqlx()).collect();
    sqlx::query!(
        "-- reschedule_deadlines()
        UPDATE deadline SET next_fire_time = now.next_fire_time, update_time = now.update_time
        FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS now (deadline_id, next_fire_time, update_time)
        WHERE deadline.deadline_id = now.deadline_id",
        &ids,
        &fire_times as &[Option<Stamp>],
        &update_times as &[Stamp],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes what a mending changed: what is armed, and what is derived from it.
pub(crate) async fn mend(tx: &mut Tx, before: &[Rung], it: &Deadline) -> Result<(), Error> {
    rung::rearm(tx, it.id, before, &it.rungs).await?;
    sqlx::query!(
        "-- mend_deadline()
        UPDATE deadline SET state = $2, next_due_time = $3, next_fire_time = $4, update_time = $5 WHERE deadline_id = $1",
        it.id,
        state(it),
        stamp(it.next_due_time()) as Option<Stamp>,
        stamp(it.next_fire_time()) as Option<Stamp>,
        it.update_time.to_sqlx(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Rows with their clocks and rungs, in the order of the rows. One that can't be read fails all of them.
pub(super) async fn whole(db: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<Deadline>, Error> {
    each(db, rows).await?.into_iter().map(|(_, read)| read).collect()
}

/// Rows with their clocks and rungs, in the order of the rows; those that can't be read with their fault.
pub(super) async fn each(db: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<(Uuid, Result<Deadline, Error>)>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.deadline_id).collect();
    let mut clocks = clock::of(db, &ids).await?;
    let mut rungs = rung::of(db, &ids).await?;
    Ok(rows.into_iter().map(|row| (row.deadline_id, row.with(&mut clocks, &mut rungs))).collect())
}

fn state(it: &Deadline) -> &'static str {
    if it.is_tracked() { "tracked" } else { "stopped" }
}

fn suspensions(it: &Deadline) -> Result<Value, Error> {
    serde_json::to_value(&it.promise.suspensions).map_err(|_| corrupt("deadline.suspensions"))
}

// === impl Row ===

impl Row {
    fn with(self, clocks: &mut Parts<Kept>, rungs: &mut Parts<Rung>) -> Result<Deadline, Error> {
        let acknowledgement = self.acknowledgement()?;
        let (clocks, counted): (Vec<_>, Vec<_>) = clocks.take(self.deadline_id)?.into_iter().unzip();
        Ok(Deadline {
            id: self.deadline_id,
            promise: Promise {
                number: self.number,
                revision: self.revision,
                policy: self.policy,
                policy_version: self.policy_version,
                policy_hash: self.policy_hash,
                category: self.category,
                priority: self.priority,
                channel: self.channel,
                group: self.queue_group,
                region: self.region,
                zone: self.time_zone,
                clocks,
                suspensions: serde_json::from_value(self.suspensions).map_err(|_| corrupt("deadline.suspensions"))?,
                acknowledgement,
            },
            rungs: rungs.take(self.deadline_id)?,
            counted: counted.into_iter().flatten().collect(),
            mismatch: self.mismatch,
            create_time: self.create_time.to_jiff(),
            update_time: self.update_time.to_jiff(),
        })
    }

    fn acknowledgement(&self) -> Result<Option<Acknowledgement>, Error> {
        let (Some(level), Some(time)) = (self.acknowledged_level, self.acknowledge_time) else { return Ok(None) };
        let level = u8::try_from(level).map_err(|_| corrupt("deadline.acknowledged_level"))?;
        Ok(Some(Acknowledgement { level, time: time.to_jiff() }))
    }
}
