//! Table `rung`. Armed rows come and go; one that has moved on stays for good.

use ::store::{Error, Tx};
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::PgConnection;
use uuid::Uuid;

use super::parts::Parts;
use super::{corrupt, stamp, time};
use crate::domain::{Breach, Deadline, Rung, RungKey, RungState, kind_of};

/// Rungs as `unnest` wants them.
#[derive(Default)]
struct Columns<'a> {
    deadlines: Vec<Uuid>,
    clocks: Vec<&'static str>,
    epochs: Vec<i64>,
    levels: Vec<i16>,
    states: Vec<&'static str>,
    start_epochs: Vec<i64>,
    extensions: Vec<i16>,
    fire_times: Vec<Option<Stamp>>,
    act_times: Vec<Option<Stamp>>,
    promise_times: Vec<Option<Stamp>>,
    reasons: Vec<Option<&'a str>>,
}

/// A row as it is stored.
struct Row {
    deadline_id: Uuid,
    clock: String,
    epoch: i64,
    level: i16,
    state: String,
    start_epoch: i64,
    extensions: i16,
    fire_time: Option<Stamp>,
    act_time: Option<Stamp>,
    accept_time: Option<Stamp>,
    promise_time: Option<Stamp>,
    reason: Option<String>,
    notice: Option<String>,
    notice_time: Option<Stamp>,
    notice_request_id: Option<Uuid>,
}

/// The rungs of some deadlines, in order of their keys. Rows that can't be read are the fault of their own deadline only.
pub(super) async fn of(db: &mut PgConnection, deadlines: &[Uuid]) -> Result<Parts<Rung>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- rungs_of()
        SELECT deadline_id, clock, epoch, level, state, start_epoch, extensions, fire_time, act_time, accept_time, promise_time, reason, notice,
            notice_time, notice_request_id
        FROM rung WHERE deadline_id = ANY($1) ORDER BY deadline_id, clock, epoch, level",
        deadlines,
    )
    .fetch_all(db)
    .await?;
    let mut all = Parts::default();
    for row in rows {
        all.add(row.deadline_id, row.read());
    }
    Ok(all)
}

/// Replaces what was armed by what is. An insert that meets a rung which has moved on violates `rung_pkey`: it would fire twice.
pub(super) async fn rearm(tx: &mut Tx, deadline: Uuid, before: &[Rung], after: &[Rung]) -> Result<(), Error> {
    let gone = before.iter().filter(|rung| rung.is_armed() && !after.contains(rung));
    let gone = Columns::of(gone.map(|rung| (deadline, rung)));
    if !gone.deadlines.is_empty() {
        sqlx::query!(
            "-- disarm_rungs()
            DELETE FROM rung
            USING unnest($2::text[], $3::bigint[], $4::smallint[]) AS gone (clock, epoch, level)
            WHERE rung.deadline_id = $1 AND rung.clock = gone.clock AND rung.epoch = gone.epoch AND rung.level = gone.level
                AND rung.state = 'armed'",
            deadline,
            &gone.clocks as &[&str],
            &gone.epochs,
            &gone.levels,
        )
        .execute(&mut **tx)
        .await?;
    }
    let new = after.iter().filter(|rung| rung.is_armed() && !before.contains(rung));
    let new = Columns::of(new.map(|rung| (deadline, rung)));
    if !new.deadlines.is_empty() {
        sqlx::query!(
            "-- arm_rungs()
            INSERT INTO rung (deadline_id, clock, epoch, level, state, extensions, fire_time, promise_time, reason, start_epoch)
            SELECT $1, clock, epoch, level, 'armed', extensions, fire_time, promise_time, reason, start_epoch
            FROM unnest($2::text[], $3::bigint[], $4::smallint[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::text[],
                    $9::bigint[])
                AS armed (clock, epoch, level, extensions, fire_time, promise_time, reason, start_epoch)",
            deadline,
            &new.clocks as &[&str],
            &new.epochs,
            &new.levels,
            &new.extensions,
            &new.fire_times as &[Option<Stamp>],
            &new.promise_times as &[Option<Stamp>],
            &new.reasons as &[Option<&str>],
            &new.start_epochs,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Moves armed rungs on, of many deadlines at once.
///
/// # Errors
/// [`Error::Conflict`] when one of them is not armed any more. The lock on its deadline excludes that; if it were lost, the transaction runs
/// again and fires nothing twice.
pub(crate) async fn fire(tx: &mut Tx, fired: &[(Uuid, Rung)]) -> Result<(), Error> {
    let columns = Columns::of(fired.iter().map(|(deadline, rung)| (*deadline, rung)));
    let moved = sqlx::query!(
        "-- fire_rungs()
        UPDATE rung SET state = fired.state, act_time = fired.act_time, promise_time = fired.promise_time, reason = fired.reason
        FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[])
            AS fired (deadline_id, clock, epoch, level, state, act_time, promise_time, reason)
        WHERE rung.deadline_id = fired.deadline_id AND rung.clock = fired.clock AND rung.epoch = fired.epoch
            AND rung.level = fired.level AND rung.state = 'armed'",
        &columns.deadlines,
        &columns.clocks as &[&str],
        &columns.epochs,
        &columns.levels,
        &columns.states as &[&str],
        &columns.act_times as &[Option<Stamp>],
        &columns.promise_times as &[Option<Stamp>],
        &columns.reasons as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    if moved.rows_affected() == fired.len() as u64 {
        Ok(())
    } else {
        Err(Error::Conflict("a rung that was to fire is not armed any more".to_owned()))
    }
}

/// Writes what the answer to a hand-over did to its rung, and logs it, in one statement: it is done for each answer.
pub(super) async fn settle(tx: &mut Tx, deadline: &Deadline, rung: &Rung, breach: &Breach) -> Result<(), Error> {
    sqlx::query!(
        "-- settle_rung()
        WITH settled AS (
            UPDATE rung SET state = $5, reason = $6, notice_request_id = $7, promise_time = $8, accept_time = $20
            WHERE deadline_id = $1 AND clock = $2 AND epoch = $3 AND level = $4 AND state IN ('fired', 'suppressed')
        )
        INSERT INTO breach (record_time, event, deadline_id, number, clock, epoch, level, policy, category, priority, channel,
            queue_group, due_time, event_time, promise_time, holder, reason)
        VALUES ($9, $10, $1, $11, $2, $3, $4, $12, $13, $14, $15, $16, $17, $18, $8, $19, $6)",
        deadline.id,
        rung.key.clock.as_str(),
        rung.key.epoch,
        rung.key.level,
        rung.state.as_str(),
        rung.reason,
        rung.notice_request_id,
        stamp(rung.promise_time) as Option<Stamp>,
        deadline.update_time.to_sqlx(),
        breach.event.as_str(),
        breach.number,
        breach.policy,
        breach.category,
        breach.priority,
        breach.channel,
        breach.group,
        stamp(breach.due_time) as Option<Stamp>,
        breach.event_time.to_sqlx(),
        breach.holder,
        stamp(rung.accept_time) as Option<Stamp>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Rung, Error> {
        Ok(Rung {
            key: RungKey {
                clock: kind_of(&self.clock).ok_or_else(|| corrupt("rung.clock"))?,
                epoch: self.epoch,
                level: self.level,
            },
            state: RungState::parse(&self.state).ok_or_else(|| corrupt("rung.state"))?,
            start_epoch: self.start_epoch,
            extensions: u8::try_from(self.extensions).map_err(|_| corrupt("rung.extensions"))?,
            fire_time: time(self.fire_time),
            act_time: time(self.act_time),
            accept_time: time(self.accept_time),
            promise_time: time(self.promise_time),
            reason: self.reason,
            notice: self.notice,
            notice_time: time(self.notice_time),
            notice_request_id: self.notice_request_id,
        })
    }
}

// === impl Columns ===

impl<'a> Columns<'a> {
    fn of(rungs: impl Iterator<Item = (Uuid, &'a Rung)>) -> Self {
        let mut columns = Self::default();
        for (deadline, rung) in rungs {
            columns.deadlines.push(deadline);
            columns.clocks.push(rung.key.clock.as_str());
            columns.epochs.push(rung.key.epoch);
            columns.levels.push(rung.key.level);
            columns.states.push(rung.state.as_str());
            columns.start_epochs.push(rung.start_epoch);
            columns.extensions.push(rung.extensions.into());
            columns.fire_times.push(stamp(rung.fire_time));
            columns.act_times.push(stamp(rung.act_time));
            columns.promise_times.push(stamp(rung.promise_time));
            columns.reasons.push(rung.reason.as_deref());
        }
        columns
    }
}
