//! Where a filing's time goes: worked by whom, waited for what. Runs of their own, since looking costs something.

use std::time::Duration;

use anyhow::Result;

use super::{Filing, Way};
use crate::cost::Meter;
use crate::figure::{number, time};
use crate::pgbench::{self, Length};
use crate::postgres;
use crate::report::Table;
use crate::sampler::Sampler;
use crate::waits::{Seen, Waits, is_beside};

/// In flight when it is crowded: half of what the service admits.
const CROWDED: usize = 128;

/// A part of an appeal's way.
type Part = fn(&Way) -> Duration;

/// The statements, and the service's CPU time by crate, of 32 clients.
pub(super) async fn of_many(it: &Filing<'_>) -> Result<(Table, Option<Table>)> {
    let length = it.stage.sizes.seconds;
    postgres::forget_statements(it.ours).await?;
    let filed = it.portal.closed(32, length).await?;
    let statements = postgres::statements(it.ours, filed.latencies.count(), "appeal").await?;
    let Some(sampler) = sampler(it)? else { return Ok((statements, None)) };
    let meter = Meter::start(&it.stage.server, Some(it.service))?;
    let filed = it.portal.closed(32, length).await?.latencies.count();
    let by_crate = sampler.stop(meter.stop(&it.stage.server)?.service, filed, "appeal").await?;
    Ok((statements, Some(by_crate)))
}

/// One client, ours and bare: what its connection does from one appeal to the next. Hardly anything goes on beside a lone filing, so the parts come
/// near the whole; by how much they miss it is told.
pub(super) async fn of_one(it: &Filing<'_>) -> Result<(Vec<Table>, String)> {
    let (server, length) = (&it.stage.server, it.stage.sizes.seconds);
    let url = server.admin_url();
    server.checkpoint().await?;
    let waits = Waits::start(&url, "filing", it.portal.in_flight()).await?;
    let mine = it.portal.closed(1, length).await?.latencies.count();
    let ours = waits.stop().await?;
    server.checkpoint().await?;
    let waits = Waits::start(&url, "filing_bare", it.portal.in_flight()).await?;
    let other = pgbench::run(server, it.bare, it.script, 1, Length::Time(length), None).await?.latencies.count();
    let bare = waits.stop().await?;

    let doings = Seen::doings(&[&ours, &bare], 0);
    let row = |doing: &String| vec![doing.clone(), ours.each(doing, length, mine), bare.each(doing, length, other)];
    let mut rows: Vec<Vec<String>> = doings.iter().map(row).collect();
    let whole = |count: usize| time(length.div_f64(count.max(1) as f64));
    let told = rows.iter().filter(|row| !is_beside(&row[0]));
    let told: Vec<String> = told.map(|row| format!("{} {} to {}", row[0], row[1], row[2])).collect();
    let why = format!("Of {} to {} an appeal: {}", whole(mine), whole(other), told.join("; "));
    rows.push(vec!["all, from one appeal to the next".to_owned(), whole(mine), whole(other)]);
    let caption = "One client, one run each: what the database's connections do from one appeal to the next; with no statement at work it is the \
                   service's turn, the client's, or the network's between them";
    let mut tables = vec![Table::new(caption, &["", "FileAppeal", "bare SQL"], rows)];

    if let Some(sampler) = sampler(it)? {
        let meter = Meter::start(server, Some(it.service))?;
        let filed = it.portal.closed(1, length).await?.latencies.count();
        tables.push(sampler.stop(meter.stop(server)?.service, filed, "appeal of one client").await?);
    }
    Ok((tables, why))
}

/// Appeals at scheduled times: where the slowest were, and what Postgres did while many were in flight.
pub(super) async fn of_open(it: &Filing<'_>, rate: f64) -> Result<(Vec<Table>, String)> {
    let length = it.stage.sizes.seconds;
    it.stage.server.checkpoint().await?;
    let waits = Waits::start(&it.stage.server.admin_url(), "filing", it.portal.in_flight()).await?;
    let mut ways = it.portal.open(rate, length).await?.ways;
    let seen = waits.stop().await?;

    ways.sort_unstable_by_key(Way::whole);
    let slowest = &ways[ways.len() * 99 / 100..];
    let parts: [(&str, Part); 4] = [
        ("before it set out (the portal had no core, or its timer was late)", |way| way.late),
        ("sent back, until it came for the last time", |way| way.sent_back),
        ("from then on at the service", |way| way.served),
        ("all", Way::whole),
    ];
    let rows = parts.map(|(what, part)| vec![what.to_owned(), mean(&ways, part), mean(slowest, part)]);
    let caption = "Open loop, one run that is looked at: where appeals are, means";
    let mut tables = vec![Table::new(caption, &["", "of all", "of the slowest 1 %"], rows.to_vec())];
    let crowded = format!("{:.0} %", seen.share(CROWDED) * 100.0);
    let averages = |doing: String| {
        let of = |in_flight| seen.average(&doing, in_flight).map_or_else(|| "–".to_owned(), number);
        let (always, then) = (of(0), of(CROWDED));
        vec![doing, always, then]
    };
    let doings: Vec<Vec<String>> = Seen::doings(&[&seen], CROWDED).into_iter().map(averages).collect();
    let shown = |row: &[String]| format!("{} {}", row[0], row[2]);
    let why = format!(
        "The slowest 1 % of a run that was looked at: {}. {CROWDED} and more were in flight {crowded} of the time; the database's \
         connections then, by how many: {}",
        rows.iter().map(|row| shown(row)).collect::<Vec<_>>().join("; "),
        doings.iter().map(|row| shown(row)).collect::<Vec<_>>().join("; "),
    );
    let caption = format!(
        "How many of the database's connections did what, averages; {CROWDED} and more were in flight {crowded} of the time"
    );
    let header = ["", "always", &format!("while {CROWDED} and more were in flight")];
    tables.push(Table::new(&caption, &header, doings));
    Ok((tables, why))
}

fn sampler(it: &Filing<'_>) -> Result<Option<Sampler>> {
    Sampler::start(it.service, it.stage.house.folder().join("perf.data"))
}

fn mean(ways: &[Way], part: Part) -> String {
    let sum: Duration = ways.iter().map(part).sum();
    time(sum.div_f64(ways.len().max(1) as f64))
}
