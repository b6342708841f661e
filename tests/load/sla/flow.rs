//! A thousand deadlines a second fall due for a minute, by the machine's clock, with everything at work.

use std::collections::BTreeMap;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Result, ensure};
use clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use proto::ticket::v1::{EscalateAppealRequest, RecordDeadlineOutcomeRequest};
use sqlx::Row as _;

use super::seed::{Due, Seed, ids};
use crate::Stage;
use crate::cost::Meter;
use crate::figure::{grouped, number, time};
use crate::peer::Peers;
use crate::postgres::execute;
use crate::report::{Goal, Table};
use crate::statistics::Latencies;
use tests::free_ports;

/// From now until the first falls due: they are moved to their moments among ten millions, and the services are up by then.
pub(super) const LEAD: SignedDuration = SignedDuration::from_secs(240);
/// Deadlines that fall due in a second.
const RATE: usize = 1_000;

/// Measures it.
///
/// # Errors
/// A rung that did not fire.
pub async fn measure(stage: &Stage, seed: &Seed) -> Result<(Table, Goal)> {
    let number_of = RATE * stage.sizes.of(60, 3);
    let every = 1_000_000 / i64::try_from(RATE)?;
    // Made for a moment far off, then moved: making them takes its time.
    seed.due("F", number_of, SystemClock.now() + SignedDuration::from_hours(24 * 300), every, Due::ByTurns).await?;
    let begin = SystemClock.now() + LEAD;
    shift(seed, "F", number_of, begin).await?;
    let [port] = free_ports()?;
    let peers = Peers::start(port, true).await?;
    let service = stage.house.start(Part::Sla, &stage.house.environment(Part::Sla, &seed.role_url, port, &[])).await?;
    ensure!(SystemClock.now() < begin, "the machine is too slow: the first is due before the service is up");
    let meter = Meter::start(&stage.server, Some(service.pid()))?;
    // OFFSET: each by its key, and not by a look at all rungs twice a second.
    let left = format!(
        "SELECT count(*) FROM ({}) AS due, LATERAL (
            SELECT FROM rung WHERE rung.deadline_id = due.id AND level <= 1 AND state = 'armed'
                AND fire_time < now() + interval '1 hour' OFFSET 0) AS armed",
        ids("F", number_of),
    );
    let end = begin + SignedDuration::from_micros(every * i64::try_from(number_of)?);
    let patience = end + SignedDuration::from_secs(120);
    let until = Duration::try_from(end.duration_since(SystemClock.now())).unwrap_or_default();
    tokio::time::sleep(until).await;
    while seed.count(&left).await? > 0 {
        ensure!(SystemClock.now() < patience, "rungs are left two minutes after the last was due");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let spent = meter.stop(&stage.server)?;
    let committed = committed(seed).await?;
    // Every second one hands over and tells the citizen, the others tell the journal.
    let wanted = number_of + number_of / 2;
    let all_told = tokio::time::timeout(Duration::from_secs(120), peers.reach(wanted)).await.is_ok();
    let arrived = arrived(seed, &peers).await?;
    let late = peers.count();
    service.stop().await?;
    ensure!(committed.count() == number_of / 2, "{} warnings of {} were given", committed.count(), number_of / 2);
    let row = |what: &str, it: &Latencies| {
        let [p50, p99, max] = [it.percentile(50.0), it.percentile(99.0), it.max()].map(time);
        vec![what.to_owned(), grouped(i64::try_from(it.count()).unwrap_or_default()), p50, p99, max]
    };
    let told = if all_told {
        "all calls delivered".to_owned()
    } else {
        format!("{late} of {wanted} calls delivered after two minutes")
    };
    let flow = format!(
        "{} a second fall due for {} s among {} open",
        number(RATE as f64),
        number_of / RATE,
        grouped(i64::try_from(seed.count("SELECT count(*) FROM deadline WHERE state = 'tracked'").await?)?),
    );
    let cpu = format!("CPU µs each, service / Postgres / client: {}", spent.each(number_of));
    let rows = vec![
        row("due to rung committed (the warnings, which fire in the same ticks)", &committed),
        row("due to call at the ticket service", &arrived),
    ];
    let table = Table::new(&format!("{flow}; {told}; {cpu}"), &["lag", "count", "p50", "p99", "max"], rows);
    let [at_commit, at_ticket] = [&committed, &arrived].map(|it| it.percentile(99.0));
    // Only of warnings Postgres still knows the commit; a call comes to its receiver after that, of whatever kind its rung is. So this is the most
    // that any took. What was not delivered is no figure at all.
    let seconds = if all_told { at_commit.max(at_ticket).as_secs_f64() } else { f64::INFINITY };
    let seen =
        format!("at the ticket service p99 {}, warnings committed p99 {}; {told}", time(at_ticket), time(at_commit));
    let wanted = format!("{flow}: due to rung committed, and its call at the ticket service, p99 at most 5 s");
    let goal = Goal::at_most(9, &wanted, &seen, seconds, 5.0);
    Ok((table, goal.because(&cpu)))
}

/// Moves what was made for later under a prefix to its moment.
pub(super) async fn shift(seed: &Seed, prefix: &str, number: usize, begin: Timestamp) -> Result<()> {
    let mut admin = seed.admin().await?;
    let statement = format!(
        // Sixty thousand rows of forty millions: each by its key, whatever the planner makes of a table that has only just come to be.
        "SET enable_hashjoin = off;
        SET enable_mergejoin = off;
        SET enable_seqscan = off;
        CREATE TEMP TABLE moved AS SELECT deadline_id, '{begin}'::timestamptz - min(next_fire_time) OVER () AS span
            FROM deadline WHERE deadline_id IN ({ids});
        ANALYZE moved;
        UPDATE rung SET fire_time = fire_time + span, promise_time = promise_time + span FROM moved
            WHERE rung.deadline_id = moved.deadline_id;
        UPDATE clock SET due_time = due_time + span FROM moved WHERE clock.deadline_id = moved.deadline_id;
        UPDATE deadline SET next_fire_time = next_fire_time + span, next_due_time = next_due_time + span FROM moved
            WHERE deadline.deadline_id = moved.deadline_id;",
        ids = ids(prefix, number),
    );
    execute(&mut admin, &statement).await?;
    Ok(())
}

/// From due to the commit, as Postgres notes it: of warnings, whose rows are not touched again. They fire in the same ticks as the others.
async fn committed(seed: &Seed) -> Result<Latencies> {
    let rows = sqlx::query(
        "SELECT extract(epoch FROM pg_xact_commit_timestamp(rung.xmin) - fire_time)::float8 AS lag
        FROM rung JOIN deadline USING (deadline_id)
        WHERE number LIKE 'F-%' AND level <= 0 AND rung.state = 'acted' AND act_time >= fire_time",
    )
    .fetch_all(&mut seed.admin().await?)
    .await?;
    Ok(Latencies::new(rows.iter().map(|row| span(row.get("lag"))).collect()))
}

/// From due to the first call about it at its receiver.
async fn arrived(seed: &Seed, peers: &Peers) -> Result<Latencies> {
    let rows = sqlx::query(
        "SELECT deadline_id::text AS id, extract(epoch FROM min(fire_time))::float8 AS due FROM rung JOIN deadline USING (deadline_id)
        WHERE number LIKE 'F-%' AND level <= 1 AND rung.state IN ('acted', 'fired') AND act_time >= fire_time GROUP BY 1",
    )
    .fetch_all(&mut seed.admin().await?)
    .await?;
    let mut first = BTreeMap::<String, f64>::new();
    for it in peers.arrivals() {
        let name = match it.method.rsplit('/').next() {
            Some("EscalateAppeal") => EscalateAppealRequest::decode(it.request)?.name,
            Some("RecordDeadlineOutcome") => RecordDeadlineOutcomeRequest::decode(it.request)?.appeal,
            _ => continue,
        };
        first.entry(name.trim_start_matches("appeals/").to_owned()).or_insert(it.time.as_microsecond() as f64 / 1e6);
    }
    let lag = |row: &sqlx::postgres::PgRow| Some(span(first.get(row.get::<&str, _>("id"))? - row.get::<f64, _>("due")));
    Ok(Latencies::new(rows.iter().filter_map(lag).collect()))
}

fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
