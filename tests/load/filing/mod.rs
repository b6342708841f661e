//! FileAppeal over gRPC, with authentication, validation and sealing, against the same rows in one statement (goals 1 to 3).
//!
//! The peers are away, as the baseline has none: what the relay costs on top is told apart, in a run with peers that answer.

mod baseline;
mod clients;

use std::time::Duration;

use all_in_one::Part;
use anyhow::Result;

pub use self::clients::Portal;
use crate::Stage;
use crate::cost::{Meter, Spent};
use crate::figure::{number, ratio, time};
use crate::peer::Peers;
use crate::pgbench::{self, Length};
use crate::postgres::{self, count};
use crate::report::{Bar, Goal, Script, Section, Table};
use crate::sampler::Sampler;
use crate::statistics::{Latencies, median, median_time};
use sqlx::{Connection as _, PgConnection};
use tests::free_ports;

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 8, 32];
/// Goal 1: so many times what bare SQL does at its best, with one transaction an appeal.
const WANTED: f64 = 1.2;

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
        let spent = self.spent.iter().fold(Spent::default(), |sum, (it, _)| Spent {
            service: sum.service + it.service,
            postgres: sum.postgres + it.postgres,
            client: sum.client + it.client,
        });
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
    let (open, stalls) = open_loop(stage, &portal, service.pid(), (&bare, &script.text), half).await?;
    let mut tables = vec![Table::new("Closed loop: each client sends when it was answered", &HEADER, rows), open];

    postgres::forget_statements(&ours).await?;
    let filed = portal.closed(32, length).await?;
    tables.push(postgres::statements(&ours, filed.latencies.count(), "appeal").await?);
    let trips = tables.last().and_then(|table| table.rows.last()).map(|row| row[1].clone()).unwrap_or_default();
    let mut profile = format!("{}; {trips} statements each; their time", split(&tables[0], "32 clients"));
    if let Some(sampler) = Sampler::start(service.pid(), stage.house.folder().join("perf.data"))? {
        let meter = Meter::start(&stage.server, Some(service.pid()))?;
        let filed = portal.closed(32, length).await?.latencies.count();
        tables.push(sampler.stop(meter.stop(&stage.server)?.service, filed, "appeal").await?);
        profile.push_str(" and the service's by crate");
    }
    tables.push(with_relay(stage, &portal, &ours, nobody, service.pid()).await?);
    portal.check(&ours).await?;
    service.stop().await?;
    stage.server.drop_database("filing").await?;
    stage.server.drop_database("filing_bare").await?;

    let lone = ones[0].as_secs_f64() / ones[1].as_secs_f64();
    let (p99, max) = stalls;
    profile.push_str(" stand under Filing");
    // Nothing goes on beside a lone filing: what each of the three takes comes one after the other.
    let profile_of_one = format!("{}, one after the other", split(&tables[0], "1 clients"));
    let profile_of_open = split(&tables[1], "");
    let goals = vec![
        Goal::at_least(
            1,
            "FileAppeal, 32 in flight: 1.2 times bare SQL's best",
            &format!("{} per s, {} times", number(ours_at_most), ratio(share)),
            share,
            WANTED,
        )
        .because(&profile),
        Goal::at_most(
            2,
            "one client: p50 at most 1.5 times bare SQL's",
            &format!("{} to {}, {} times", time(ones[0]), time(ones[1]), ratio(lone)),
            lone,
            1.5,
        )
        .because(&profile_of_one),
        Goal::at_most(
            3,
            "half of what goal 1 wants, open loop: p99 at most 10 ms, max 100 ms",
            &format!("at {} per s p99 {}, max {}", number(half), time(p99), time(max)),
            (p99.as_secs_f64() / 0.010).max(max.as_secs_f64() / 0.100),
            1.0,
        )
        .because(&profile_of_open),
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

/// Scheduled arrivals at a rate; the latency counts from the schedule. Answers p99 and the longest of ours.
async fn open_loop(
    stage: &Stage,
    portal: &Portal,
    service: u32,
    (bare, script): (&str, &str),
    rate: f64,
) -> Result<(Table, (Duration, Duration))> {
    let length = stage.sizes.seconds;
    let (mut mine, mut other, mut sent_back, mut late) = (Runs::default(), Runs::default(), 0, Vec::new());
    for _ in 0..stage.sizes.runs {
        stage.server.checkpoint().await?;
        let meter = Meter::start(&stage.server, Some(service))?;
        let run = portal.open(rate, length).await?;
        sent_back += run.sent_back;
        late.push(run.late);
        mine.add(run.rate, run.latencies, meter.stop(&stage.server)?);
        stage.server.checkpoint().await?;
        let run = pgbench::run(&stage.server, bare, script, 32, Length::Time(length), Some(rate)).await?;
        other.add(run.rate, run.latencies, run.spent);
    }
    let rows = vec![mine.row("FileAppeal"), other.row("bare SQL"), compared(&mine, &other)];
    let caption = format!(
        "Open loop: {} appeals a second at random moments, latency from the scheduled time (of ours {} are the portal's own timer, p50); \
         {sent_back} times too many were in flight and the appeal was sent again",
        number(rate),
        time(median_time(late)),
    );
    Ok((Table::new(&caption, &HEADER, rows), (mine.percentile(99.0), mine.max())))
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
