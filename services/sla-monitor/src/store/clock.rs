//! Table `clock`.

use ::store::{Error, Tx};
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::parts::Parts;
use super::{corrupt, stamp, time};
use crate::domain::{Clock, ClockState, Closing, Deadline, kind_of};

/// A clock, and what is counted of it once it is over.
pub(super) type Kept = (Clock, Option<Closing>);

/// A row as it is stored.
struct Row {
    deadline_id: Uuid,
    kind: String,
    state: String,
    epoch: i64,
    start_time: Stamp,
    start_epoch: i64,
    due_time: Option<Stamp>,
    allowance: Value,
    calendar: String,
    calendar_version: i64,
    end_time: Option<Stamp>,
    extensions: Option<Value>,
    closing: Option<Value>,
}

/// The clocks of some deadlines, in the order of their kinds. Rows that can't be read are the fault of their own deadline only.
pub(super) async fn of(db: &mut PgConnection, deadlines: &[Uuid]) -> Result<Parts<Kept>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- clocks_of()
        SELECT deadline_id, kind, state, epoch, start_time, start_epoch, due_time, allowance, calendar, calendar_version, end_time,
            extensions, closing
        FROM clock WHERE deadline_id = ANY($1) ORDER BY deadline_id, kind",
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

/// Writes the clocks as they are told now. The ticket service always tells all of them.
pub(super) async fn save(tx: &mut Tx, deadline: &Deadline) -> Result<(), Error> {
    let clocks = &deadline.promise.clocks;
    let kinds: Vec<&str> = clocks.iter().map(|it| it.kind.as_str()).collect();
    let states: Vec<&str> = clocks.iter().map(|it| it.state.as_str()).collect();
    let epochs: Vec<i64> = clocks.iter().map(|it| it.epoch).collect();
    let starts: Vec<Stamp> = clocks.iter().map(|it| it.start_time.to_sqlx()).collect();
    let start_epochs: Vec<i64> = clocks.iter().map(|it| it.start_epoch).collect();
    let dues: Vec<Option<Stamp>> = clocks.iter().map(|it| stamp(it.due_time)).collect();
    let allowances = clocks.iter().map(|it| serde_json::to_value(it.allowance)).collect::<Result<Vec<_>, _>>();
    let allowances = allowances.map_err(|_| corrupt("clock.allowance"))?;
    let calendars: Vec<&str> = clocks.iter().map(|it| it.calendar.as_str()).collect();
    let versions: Vec<i64> = clocks.iter().map(|it| it.calendar_version).collect();
    let ends: Vec<Option<Stamp>> = clocks.iter().map(|it| stamp(it.end_time)).collect();
    let extensions =
        |it: &Clock| serde_json::to_value(&it.extensions).map(|all| (!it.extensions.is_empty()).then_some(all));
    let extensions = clocks.iter().map(extensions).collect::<Result<Vec<_>, _>>();
    let extensions = extensions.map_err(|_| corrupt("clock.extensions"))?;
    let closings = clocks.iter().map(|it| closing(deadline, it)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query!(
        "-- save_clocks()
        INSERT INTO clock (deadline_id, kind, state, epoch, start_time, due_time, allowance, calendar, calendar_version, end_time,
            extensions, closing, start_epoch)
        SELECT $1, kind, state, epoch, start_time, due_time, allowance, calendar, calendar_version, end_time, extensions,
            closing, start_epoch
        FROM unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::jsonb[], $8::text[],
                $9::bigint[], $10::timestamptz[], $11::jsonb[], $12::jsonb[], $13::bigint[])
            AS given (kind, state, epoch, start_time, due_time, allowance, calendar, calendar_version, end_time, extensions, closing,
                start_epoch)
        ON CONFLICT (deadline_id, kind) DO UPDATE SET
            state = excluded.state, epoch = excluded.epoch, start_time = excluded.start_time, due_time = excluded.due_time,
            allowance = excluded.allowance, calendar = excluded.calendar, calendar_version = excluded.calendar_version,
            end_time = excluded.end_time, extensions = excluded.extensions, closing = excluded.closing,
            start_epoch = excluded.start_epoch",
        deadline.id,
        &kinds as &[&str],
        &states as &[&str],
        &epochs,
        &starts as &[Stamp],
        &dues as &[Option<Stamp>],
        &allowances,
        &calendars as &[&str],
        &versions,
        &ends as &[Option<Stamp>],
        &extensions as &[Option<Value>],
        &closings as &[Option<Value>],
        &start_epochs,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn closing(deadline: &Deadline, clock: &Clock) -> Result<Option<Value>, Error> {
    let closing = deadline.counted.iter().find(|it| it.cell.clock == clock.kind);
    closing.map(serde_json::to_value).transpose().map_err(|_| corrupt("clock.closing"))
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Kept, Error> {
        let clock = Clock {
            kind: kind_of(&self.kind).ok_or_else(|| corrupt("clock.kind"))?,
            state: ClockState::parse(&self.state).ok_or_else(|| corrupt("clock.state"))?,
            epoch: self.epoch,
            start_time: self.start_time.to_jiff(),
            start_epoch: self.start_epoch,
            due_time: time(self.due_time),
            allowance: serde_json::from_value(self.allowance).map_err(|_| corrupt("clock.allowance"))?,
            calendar: self.calendar,
            calendar_version: self.calendar_version,
            end_time: time(self.end_time),
            extensions: match self.extensions {
                Some(all) => serde_json::from_value(all).map_err(|_| corrupt("clock.extensions"))?,
                None => Vec::new(),
            },
        };
        let closing = self.closing.map(serde_json::from_value).transpose().map_err(|_| corrupt("clock.closing"))?;
        Ok((clock, closing))
    }
}
