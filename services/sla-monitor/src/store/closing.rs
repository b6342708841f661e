//! Table `closing`: what is still to be counted.

use std::collections::BTreeSet;

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use serde_json::Value;
use sqlx::PgPool;

use super::corrupt;
use crate::domain::{Cell, Closing, Outcome, Tally, kind_of};

/// A row as it is stored. It has what sums need: of the end the hour, and neither epoch nor due time.
struct Row {
    taken_back: bool,
    hour_time: Stamp,
    clock: String,
    policy: String,
    category: String,
    priority: String,
    channel: String,
    queue_group: String,
    outcome: String,
    used_seconds: i64,
    late_seconds: i64,
    extended: Option<Value>,
}

/// Adds what is to be counted or taken back; no round trip where there is nothing, which is most changes of a promise.
pub(crate) async fn append(tx: &mut Tx, now: Timestamp, tallies: &[Tally]) -> Result<(), Error> {
    if tallies.is_empty() {
        return Ok(());
    }
    let closings = || tallies.iter().map(|it| &it.closing);
    let taken_back: Vec<bool> = tallies.iter().map(|it| it.taken_back).collect();
    let hours: Vec<Stamp> = closings().map(|it| it.hour().to_sqlx()).collect();
    let clocks: Vec<&str> = closings().map(|it| it.cell.clock.as_str()).collect();
    let policies: Vec<&str> = closings().map(|it| it.cell.policy.as_str()).collect();
    let categories: Vec<&str> = closings().map(|it| it.cell.category.as_str()).collect();
    let priorities: Vec<&str> = closings().map(|it| it.cell.priority.as_str()).collect();
    let channels: Vec<&str> = closings().map(|it| it.cell.channel.as_str()).collect();
    let groups: Vec<&str> = closings().map(|it| it.cell.group.as_str()).collect();
    let outcomes: Vec<&str> = closings().map(|it| it.outcome.as_str()).collect();
    let used: Vec<i64> = closings().map(|it| it.used).collect();
    let late: Vec<i64> = closings().map(|it| it.late).collect();
    // Most terms are never extended; they have nothing there.
    let reasons = |it: &Closing| serde_json::to_value(&it.extended).map(|all| (!it.extended.is_empty()).then_some(all));
    let extended = closings().map(reasons).collect::<Result<Vec<_>, _>>();
    let extended = extended.map_err(|_| corrupt("closing.extended"))?;
    sqlx::query!(
        "-- append_closings()
        INSERT INTO closing (record_time, taken_back, hour_time, clock, policy, category, priority, channel, queue_group, outcome,
            used_seconds, late_seconds, extended)
        SELECT $1, taken_back, hour_time, clock, policy, category, priority, channel, queue_group, outcome, used_seconds, late_seconds,
            extended
        FROM unnest($2::boolean[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::bigint[], $12::bigint[], $13::jsonb[])
            AS given (taken_back, hour_time, clock, policy, category, priority, channel, queue_group, outcome, used_seconds,
                late_seconds, extended)",
        now.to_sqlx(),
        &taken_back,
        &hours as &[Stamp],
        &clocks as &[&str],
        &policies as &[&str],
        &categories as &[&str],
        &priorities as &[&str],
        &channels as &[&str],
        &groups as &[&str],
        &outcomes as &[&str],
        &used,
        &late,
        &extended as &[Option<Value>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the oldest out, at most `limit`. What somebody else takes just then is left to them.
pub(crate) async fn take(tx: &mut Tx, limit: u32) -> Result<Vec<Tally>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- take_closings()
        DELETE FROM closing WHERE closing_id IN (
            SELECT closing_id FROM closing ORDER BY closing_id LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        RETURNING taken_back, hour_time, clock, policy, category, priority, channel, queue_group, outcome, used_seconds, late_seconds,
            extended",
        i64::from(limit),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// When the oldest was written; `None` when there is none. Reads one entry of the index.
pub(crate) async fn oldest(pool: &PgPool) -> Result<Option<Timestamp>, Error> {
    let oldest = sqlx::query_scalar!(
        "-- oldest_closing()
        SELECT record_time FROM closing ORDER BY closing_id LIMIT 1",
    )
    .fetch_optional(pool)
    .await?;
    Ok(oldest.map(Stamp::to_jiff))
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Tally, Error> {
        let closing = Closing {
            epoch: 0,
            due_time: None,
            end_time: self.hour_time.to_jiff(),
            outcome: Outcome::parse(&self.outcome).ok_or_else(|| corrupt("closing.outcome"))?,
            used: self.used_seconds,
            late: self.late_seconds,
            cell: Cell {
                clock: kind_of(&self.clock).ok_or_else(|| corrupt("closing.clock"))?,
                category: self.category,
                channel: self.channel,
                group: self.queue_group,
                policy: self.policy,
                priority: self.priority,
            },
            extended: match self.extended {
                Some(all) => serde_json::from_value(all).map_err(|_| corrupt("closing.extended"))?,
                None => BTreeSet::new(),
            },
        };
        Ok(Tally { closing, taken_back: self.taken_back })
    }
}
