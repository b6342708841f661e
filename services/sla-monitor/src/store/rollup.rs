//! Tables `cell` and `rollup`: the sums that reports are made of.

use std::collections::BTreeMap;

use ::deadline::ClockKind;
use ::store::{Error, Tx};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::{PgConnection, PgPool};

use super::corrupt;
use crate::domain::{Cell, Dimension, Figures, Key, Measure, Part, Scope, Sum, kind_of};

/// Adds to the sums. Two who do so at once lock cells and sums in the same order.
pub(crate) async fn add(tx: &mut Tx, sums: &BTreeMap<Part, Sum>) -> Result<(), Error> {
    let cells = || sums.keys().map(|part| &part.cell);
    let clocks: Vec<&str> = cells().map(|it| it.clock.as_str()).collect();
    let policies: Vec<&str> = cells().map(|it| it.policy.as_str()).collect();
    let categories: Vec<&str> = cells().map(|it| it.category.as_str()).collect();
    let priorities: Vec<&str> = cells().map(|it| it.priority.as_str()).collect();
    let channels: Vec<&str> = cells().map(|it| it.channel.as_str()).collect();
    let groups: Vec<&str> = cells().map(|it| it.group.as_str()).collect();
    // Only those that are new: an insert that finds its row uses up a number.
    sqlx::query!(
        "-- add_cells()
        INSERT INTO cell (clock, policy, category, priority, channel, queue_group)
        SELECT DISTINCT clock, policy, category, priority, channel, queue_group
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            AS given (clock, policy, category, priority, channel, queue_group)
        WHERE NOT EXISTS (
            SELECT FROM cell
            WHERE cell.clock = given.clock AND cell.category = given.category AND cell.channel = given.channel
                AND cell.queue_group = given.queue_group AND cell.policy = given.policy AND cell.priority = given.priority)
        ORDER BY clock, policy, category, priority, channel, queue_group
        ON CONFLICT DO NOTHING",
        &clocks as &[&str],
        &policies as &[&str],
        &categories as &[&str],
        &priorities as &[&str],
        &channels as &[&str],
        &groups as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    let hours: Vec<Stamp> = sums.keys().map(|part| part.hour.to_sqlx()).collect();
    let measures: Vec<&str> = sums.keys().map(|part| part.measure.as_str()).collect();
    let buckets: Vec<i16> = sums.keys().map(|part| part.bucket.into()).collect();
    let counts: Vec<i64> = sums.values().map(|sum| sum.count).collect();
    let seconds: Vec<i64> = sums.values().map(|sum| sum.seconds).collect();
    let added = sqlx::query!(
        "-- add_to_rollup()
        INSERT INTO rollup (hour_time, cell_id, measure, bucket, count, seconds)
        SELECT given.hour_time, cell.cell_id, given.measure, given.bucket, given.count, given.seconds
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
                $9::smallint[], $10::bigint[], $11::bigint[])
            AS given (clock, policy, category, priority, channel, queue_group, hour_time, measure, bucket, count, seconds)
        JOIN cell USING (clock, policy, category, priority, channel, queue_group)
        ORDER BY given.hour_time, cell.cell_id, given.measure, given.bucket
        ON CONFLICT (hour_time, cell_id, measure, bucket)
            DO UPDATE SET count = rollup.count + excluded.count, seconds = rollup.seconds + excluded.seconds",
        &clocks as &[&str],
        &policies as &[&str],
        &categories as &[&str],
        &priorities as &[&str],
        &channels as &[&str],
        &groups as &[&str],
        &hours as &[Stamp],
        &measures as &[&str],
        &buckets,
        &counts,
        &seconds,
    )
    .execute(&mut **tx)
    .await?;
    if added.rows_affected() == sums.len() as u64 {
        Ok(())
    } else {
        Err(Error::Conflict("a sum has no cell".to_owned()))
    }
}

/// The figures of a report; `None` when there are more rows than `most`. Reads the sums of the period's hours, and nothing else.
pub(crate) async fn report(
    db: &mut PgConnection,
    scope: &Scope,
    most: usize,
) -> Result<Option<BTreeMap<Key, Figures>>, Error> {
    let stretches = scope.period.stretches();
    let from: Vec<Stamp> = stretches.iter().map(|it| it.from.to_sqlx()).collect();
    let to: Vec<Stamp> = stretches.iter().map(|it| it.to.to_sqlx()).collect();
    let ahead: Vec<i32> = stretches.iter().map(|it| it.ahead).collect();
    let apart = |dimension| scope.dimensions.contains(&dimension);
    let only = &scope.narrowed;
    let mut lines = sqlx::query_as!(
        Line,
        r#"-- report()
        SELECT cell.clock,
            CASE WHEN $4 THEN cell.policy ELSE '' END AS "policy!",
            CASE WHEN $5 THEN cell.category ELSE '' END AS "category!",
            CASE WHEN $6 THEN cell.priority ELSE '' END AS "priority!",
            CASE WHEN $7 THEN cell.channel ELSE '' END AS "channel!",
            CASE WHEN $8 THEN cell.queue_group ELSE '' END AS "queue_group!",
            CASE WHEN $9 THEN here.time::date - DATE '0001-01-01' END AS day,
            CASE WHEN $10 THEN extract(hour FROM here.time)::smallint END AS hour,
            rollup.measure, rollup.bucket, sum(rollup.count)::bigint AS "count!", sum(rollup.seconds)::bigint AS "seconds!"
        FROM unnest($1::timestamptz[], $2::timestamptz[], $3::int[]) AS stretch (from_time, to_time, ahead)
        JOIN rollup ON rollup.hour_time >= stretch.from_time AND rollup.hour_time < stretch.to_time
        JOIN cell USING (cell_id)
        CROSS JOIN LATERAL (
            SELECT rollup.hour_time AT TIME ZONE 'UTC' + stretch.ahead * interval '1 hour' AS time
        ) AS here
        WHERE ($11::text IS NULL OR cell.clock = $11) AND ($12::text IS NULL OR cell.policy = $12)
            AND ($13::text IS NULL OR cell.category = $13) AND ($14::text IS NULL OR cell.priority = $14)
            AND ($15::text IS NULL OR cell.channel = $15) AND ($16::text IS NULL OR cell.queue_group = $16)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        HAVING sum(rollup.count) <> 0"#,
        &from as &[Stamp],
        &to as &[Stamp],
        &ahead,
        apart(Dimension::Policy),
        apart(Dimension::Category),
        apart(Dimension::Priority),
        apart(Dimension::Channel),
        apart(Dimension::Group),
        apart(Dimension::Date),
        apart(Dimension::Hour),
        only.clock.map(ClockKind::as_str),
        only.policy.as_deref(),
        only.category.as_deref(),
        only.priority.as_deref(),
        only.channel.as_deref(),
        only.group.as_deref(),
    )
    .fetch(db);
    let mut rows: BTreeMap<Key, Figures> = BTreeMap::new();
    while let Some(line) = lines.try_next().await? {
        let (key, measure, bucket, sum) = line.read()?;
        rows.entry(key).or_default().add(measure, bucket, sum);
        if rows.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(rows))
}

/// Forgets sums of hours before; answers how many rows.
pub(crate) async fn purge(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let gone = sqlx::query!(
        "-- purge_rollup()
        DELETE FROM rollup WHERE (hour_time, cell_id, measure, bucket) IN (
            SELECT hour_time, cell_id, measure, bucket FROM rollup WHERE hour_time < $1
            ORDER BY hour_time, cell_id, measure, bucket LIMIT $2
            FOR UPDATE SKIP LOCKED
        )",
        before.to_sqlx(),
        limit,
    )
    .execute(pool)
    .await?;
    Ok(gone.rows_affected())
}

/// A part of a row of a report.
struct Line {
    clock: String,
    policy: String,
    category: String,
    priority: String,
    channel: String,
    queue_group: String,
    day: Option<i32>,
    hour: Option<i16>,
    measure: String,
    bucket: i16,
    count: i64,
    seconds: i64,
}

// === impl Line ===

impl Line {
    fn read(self) -> Result<(Key, Measure, u8, Sum), Error> {
        let date = self.day.map(|day| Date::constant(1, 1, 1).checked_add(jiff::Span::new().days(day)));
        let key = Key {
            cell: Cell {
                clock: kind_of(&self.clock).ok_or_else(|| corrupt("cell.clock"))?,
                category: self.category,
                channel: self.channel,
                group: self.queue_group,
                policy: self.policy,
                priority: self.priority,
            },
            date: date.transpose().map_err(|_| corrupt("rollup.hour_time"))?,
            hour: self.hour.map(u8::try_from).transpose().map_err(|_| corrupt("rollup.hour_time"))?,
        };
        let measure = Measure::parse(&self.measure).ok_or_else(|| corrupt("rollup.measure"))?;
        let bucket = u8::try_from(self.bucket).map_err(|_| corrupt("rollup.bucket"))?;
        Ok((key, measure, bucket, Sum { count: self.count, seconds: self.seconds }))
    }
}
