//! FileAppeal over gRPC, with authentication, validation and sealing, against the same rows in one statement (goals 1 to 3).
//!
//! The peers are away, as the baseline has none: what the relay costs on top is told apart, in a run with peers that answer.

mod baseline;
mod clients;
mod open;
mod profile;

use std::time::Duration;

use all_in_one::Part;
use anyhow::Result;

pub use self::clients::{Portal, Way};
use crate::Stage;
use crate::cost::{Meter, Spent};
use crate::figure::{number, ratio, time};
use crate::peer::Peers;
use crate::pgbench::{self, Length};
use crate::postgres::{self, count};
use crate::report::{Bar, Goal, Script, Section, Table};
use crate::statistics::{Latencies, median, median_time};
use sqlx::{Connection as _, PgConnection};
use tests::free_ports;

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 8, 32];
/// Goal 1: so many times what bare SQL does at its best, with one transaction an appeal.
const WANTED: f64 = 1.2;

/// What is measured, and against what.
struct Filing<'a> {
    stage: &'a Stage,
    portal: &'a Portal,
    /// The service's process.
    service: u32,
    /// The service's database.
    ours: &'a str,
    /// The baseline's.
    bare: &'a str,
    /// What the baseline runs there.
    script: &'a str,
}

/// What several runs came to.
#[derive(Debug, Default)]
pub struct Runs {
    rates: Vec<f64>,
    latencies: Vec<Latencies>,
    spent: Vec<(Spent, usize)>,
}

// === impl Runs ===

impl Runs {
    fn add(&mut self, rate: f64, latencies: Latencies, spent: Spent) {
        self.spent.push((spent, latencies.count()));
        self.rates.push(rate);
        self.latencies.push(latencies);
    }

    fn rate(&self) -> f64 {
        median(self.rates.iter().copied())
    }

    fn percentile(&self, percent: f64) -> Duration {
        median_time(self.latencies.iter().map(|it| it.percentile(percent)))
    }

    /// The worst of all runs: a median would hide a stall.
    fn max(&self) -> Duration {
        self.latencies.iter().map(Latencies::max).max().unwrap_or_default()
    }

    fn row(&self, what: &str) -> Vec<String> {
        let count = self.spent.iter().map(|(_, count)| count).sum();
        let mut spent = Spent::default();
        self.spent.iter().for_each(|(it, _)| spent += *it);
        vec![
            what.to_owned(),
            number(self.rate()),
            time(self.percentile(50.0)),
            time(self.percentile(99.0)),
            time(self.max()),
            spent.each(count),
        ]
    }
}

const HEADER: [&str; 6] = ["", "per s", "p50", "p99", "max of all runs", "CPU µs each: service / Postgres / client"];

/// Measures it.
///
/// # Errors
/// Anything that is not an appeal filed.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let (ours, bare) = (stage.server.database("filing").await?, stage.server.database("filing_bare").await?);
    let role = stage.house.migrate(Part::Ticket, &ours).await?;
    let [nobody] = free_ports()?;
    let service = stage.house.start(Part::Ticket, &stage.house.environment(Part::Ticket, &role, nobody, &[])).await?;
    let portal = Portal::new(service.port, &stage.house.token("portal")?)?;
    let (length, runs) = (stage.sizes.seconds, stage.sizes.runs);

    // The first of all, before anything else is in the tables.
    portal.file_one().await?;
    let script = baseline::script(&ours).await?;
    stage.house.migrate(Part::Ticket, &bare).await?;
    portal.closed(8, Duration::from_secs(1)).await?;
    pgbench::run(&stage.server, &bare, &script.text, 8, Length::Time(Duration::from_secs(1)), None).await?;

    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    let (mut best, mut ours_at_most, mut ones) = (0.0_f64, 0.0_f64, [Duration::ZERO; 2]);
    for clients in CLIENTS {
        let (mut mine, mut other) = (Runs::default(), Runs::default());
        for _ in 0..runs {
            stage.server.checkpoint().await?;
            let meter = Meter::start(&stage.server, Some(service.pid()))?;
            let run = portal.closed(clients, length).await?;
            mine.add(run.rate, run.latencies, meter.stop(&stage.server)?);
            stage.server.checkpoint().await?;
            let run = pgbench::run(&stage.server, &bare, &script.text, clients, Length::Time(length), None).await?;
            other.add(run.rate, run.latencies, run.spent);
        }
        println!("{clients} clients: {} against {}", number(mine.rate()), number(other.rate()));
        rows.push(mine.row(&format!("FileAppeal, {clients} clients")));
        rows.push(other.row(&format!("bare SQL, {clients} clients")));
        rows.push(compared(&mine, &other));
        bars.push(Bar {
            label: format!("FileAppeal, {clients} clients"),
            share: mine.rate() / other.rate(),
            goal: None,
        });
        best = best.max(other.rate());
        if clients == 1 {
            ones = [mine.percentile(50.0), other.percentile(50.0)];
        }
        if clients == 32 {
            ours_at_most = mine.rate();
        }
    }
    let share = ours_at_most / best;
    bars.push(Bar { label: "FileAppeal, 32 clients, against bare SQL's best".to_owned(), share, goal: Some(WANTED) });
    // Of what is wanted, not of what there is: a slow service must not have less to do.
    let half = WANTED * best / 2.0;
    let measured =
        Filing { stage, portal: &portal, service: service.pid(), ours: &ours, bare: &bare, script: &script.text };
    let (open, stalls) = open::measure(&measured, half).await?;
    let mut tables = vec![Table::new("Closed loop: each client sends when it was answered", &HEADER, rows), open];
    let (statements, by_crate) = profile::of_many(&measured).await?;
    let trips = statements.rows.last().map(|row| row[1].clone()).unwrap_or_default();
    let cpu = if by_crate.is_some() { " and the service's by crate" } else { "" };
    let many =
        format!("{}; {trips} statements each; their time{cpu} stand under Filing", split(&tables[0], "32 clients"));
    tables.extend([Some(statements), by_crate].into_iter().flatten());
    let (more, where_one_is) = profile::of_one(&measured).await?;
    tables.extend(more);
    let (more, where_open_is) = profile::of_open(&measured, half).await?;
    tables.extend(more);
    tables.push(with_relay(stage, &portal, &ours, nobody, service.pid()).await?);
    portal.check(&ours).await?;
    service.stop().await?;
    stage.server.drop_database("filing").await?;
    stage.server.drop_database("filing_bare").await?;

    let lone = ones[0].as_secs_f64() / ones[1].as_secs_f64();
    let (p99, max) = stalls;
    let one = format!("{where_one_is}. {}", split(&tables[0], "1 clients"));
    let at_half = format!("{where_open_is}. {}", split(&tables[1], ""));
    let goals = vec![
        Goal::at_least(
            1,
            "FileAppeal, 32 in flight: 1.2 times bare SQL's best",
            &format!("{} per s, {} times", number(ours_at_most), ratio(share)),
            share,
            WANTED,
        )
        .because(&many),
        Goal::at_most(
            2,
            "one client: p50 at most 1.5 times bare SQL's",
            &format!("{} to {}, {} times", time(ones[0]), time(ones[1]), ratio(lone)),
            lone,
            1.5,
        )
        .because(&one),
        Goal::at_most(
            3,
            "half of what goal 1 wants, open loop: p99 at most 10 ms, max 100 ms",
            &format!("at {} per s p99 {}, max {}", number(half), time(p99), time(max)),
            (p99.as_secs_f64() / 0.010).max(max.as_secs_f64() / 0.100),
            1.0,
        )
        .because(&at_half),
    ];
    Ok(Section {
        title: "Filing".to_owned(),
        method: vec![
            "The ticket service as its own process over TCP: token checked, every field validated, personal values sealed, answer kept \
             sealed for a repeat. The baseline writes the rows that one such filing left (appeal, event, request id, three outbox calls \
             with their keys) by one statement in one transaction, prepared, over TCP. The peers are away for both."
                .to_owned(),
        ],
        tables,
        scripts: vec![Script { name: "The baseline's script (pgbench)".to_owned(), text: script.shown }],
        goals,
        bars,
        ..Section::default()
    })
}

fn compared(mine: &Runs, other: &Runs) -> Vec<String> {
    let times = |percent| ratio(mine.percentile(percent).as_secs_f64() / other.percentile(percent).as_secs_f64());
    let rate = ratio(mine.rate() / other.rate());
    vec!["*ratio*".to_owned(), rate, times(50.0), times(99.0), String::new(), String::new()]
}

/// The same with everything delivered meanwhile: three calls an appeal.
async fn with_relay(stage: &Stage, portal: &Portal, ours: &str, port: u16, service: u32) -> Result<Table> {
    let peers = Peers::start(port, false).await?;
    let mut admin = PgConnection::connect(ours).await?;
    // What waited from the runs before is not of this one: gone, as an operator would drop it.
    postgres::execute(&mut admin, "TRUNCATE ticket.outbox, ticket.outbox_key").await?;
    // Until the relay tries its peers again.
    let before = peers.count();
    while peers.count() == before {
        portal.file_one().await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut runs = Runs::default();
    let at = peers.count();
    for _ in 0..stage.sizes.runs {
        let meter = Meter::start(&stage.server, Some(service))?;
        let run = portal.closed(32, stage.sizes.seconds).await?;
        runs.add(run.rate, run.latencies, meter.stop(&stage.server)?);
    }
    let filed: usize = runs.latencies.iter().map(Latencies::count).sum();
    let waiting = count(&mut admin, "SELECT count(*) FROM ticket.outbox WHERE state = 'waiting'").await?;
    let delivered = peers.count() - at;
    let caption = format!(
        "With peers that answer: {filed} appeals, {delivered} calls delivered meanwhile over gRPC, {waiting} still waiting at the end"
    );
    Ok(Table::new(&caption, &HEADER, vec![runs.row("FileAppeal, 32 clients, relay at work")]))
}

/// Who uses the CPU, in words: ours against bare SQL, of the rows that end so.
fn split(table: &Table, end: &str) -> String {
    let of = |begin: &str| {
        let row = table.rows.iter().find(|row| row[0].starts_with(begin) && row[0].ends_with(end));
        row.and_then(|row| row.last().cloned()).unwrap_or_default()
    };
    format!(
        "CPU µs for each appeal, service / Postgres / client, on cores that all three share: {}; for bare SQL {}",
        of("FileAppeal"),
        of("bare SQL"),
    )
}
