//! The relay: calls a second against bare claim-and-complete, what long queues do to it, and how soon it is there when idle (goal 7).

mod idle;
mod long;
mod queue;
mod way;

use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Result, ensure};
use sqlx::{Connection as _, PgConnection};

use self::queue::Queue;
use crate::Stage;
use crate::figure::{grouped, number, ratio, time};
use crate::filing::Portal;
use crate::peer::Peers;
use crate::pgbench::{self, Length};
use crate::postgres::{self, count};
use crate::report::{Bar, Goal, Script, Section, Table};
use crate::statistics::median;
use tests::free_ports;

/// What the relay does to its rows, bare: no ordering within keys, nothing that follows.
const BARE: &str = include_str!("bare.sql");
/// Rows that the script claims at once, as the relay does.
const BATCH: usize = 100;
/// The baseline's workers.
const WORKERS: usize = 4;

/// Measures it.
///
/// # Errors
/// A call that is not delivered once.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let queue = Queue::open(stage, "relay").await?;
    let calls = stage.sizes.of(20_000, 400);
    let (mut mine, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..stage.sizes.runs {
        queue.fill(calls).await?;
        stage.server.checkpoint().await?;
        mine.push(queue.drain().await?);
        queue.fill(calls).await?;
        stage.server.checkpoint().await?;
        bare.push(drain_bare(stage, &queue, calls).await?);
    }
    let [mine, bare] = [mine, bare].map(median);
    println!("{} against {} calls per s", number(mine), number(bare));
    queue.fill(calls).await?;
    postgres::forget_statements(&queue.admin_url).await?;
    queue.drain().await?;
    let profile = postgres::statements(&queue.admin_url, calls, "call").await?;
    let grpc = over_grpc(stage).await?;
    let rates = vec![
        vec!["relay, two loops, to a peer that answers at once".to_owned(), number(mine), ratio(mine / bare)],
        vec![format!("bare SQL, {WORKERS} workers, batch {BATCH}"), number(bare), "1.00".to_owned()],
        vec![grpc.0, number(grpc.1), ratio(grpc.1 / bare)],
        one_key(stage, &queue).await?,
    ];
    let (queues, flat) = long::measure(stage, &queue).await?;
    stage.server.drop_database("relay").await?;

    let idle = idle::measure(stage).await?;
    let goal = Goal::at_most(
        7,
        "row to first attempt when idle: p99 at most 100 ms, below 1 % of a core",
        &format!("p99 {}, {:.2} % of a core", time(idle.latencies.percentile(99.0)), idle.service * 100.0),
        (idle.latencies.percentile(99.0).as_secs_f64() / 0.100).max(idle.service / 0.01),
        1.0,
    );
    let bar = |label: &str, share| Bar { label: label.to_owned(), share, goal: None };
    let bars =
        vec![bar("relay alone: calls settled", mine / bare), bar("relay: calls delivered over gRPC", grpc.1 / bare)];
    Ok(Section {
        title: "Relay".to_owned(),
        method: vec![
            "Each call of a key of its own, all due. The relay claims, delivers, settles, and moves the key on; the baseline claims a batch \
             under a lease in one transaction and completes it by ids in another."
                .to_owned(),
        ],
        tables: [vec![Table::new("Calls settled", &["", "per s", "ratio"], rates), profile, queues], idle.tables()].concat(),
        scripts: vec![Script { name: "The baseline's script (pgbench)".to_owned(), text: BARE.to_owned() }],
        goals: vec![goal.because(&idle.told()), flat],
        bars,
        ..Section::default()
    })
}

async fn drain_bare(stage: &Stage, queue: &Queue, calls: usize) -> Result<f64> {
    let turns = calls.div_ceil(BATCH * WORKERS);
    let run = pgbench::run(&stage.server, &queue.admin_url, BARE, WORKERS, Length::Transactions(turns), None).await?;
    let left = queue.waiting().await?;
    // Two that claim at the same moment may find less than a batch; then the last rows are not reached.
    let done = calls - left;
    ensure!(done * 10 > calls * 9, "the baseline left {left} of {calls}");
    Ok(done as f64 / (turns as f64 * WORKERS as f64 / run.rate))
}

/// A backlog of real calls, delivered by the service over gRPC: what it is, and calls a second.
async fn over_grpc(stage: &Stage) -> Result<(String, f64)> {
    let url = stage.server.database("relay_grpc").await?;
    let role = stage.house.migrate(Part::Ticket, &url).await?;
    let [peers] = free_ports()?;
    let service = stage.house.start(Part::Ticket, &stage.house.environment(Part::Ticket, &role, peers, &[])).await?;
    let portal = Portal::new(service.port, &stage.house.token("portal")?)?;
    portal.closed(8, stage.sizes.seconds).await?;
    let mut admin = PgConnection::connect(&url).await?;
    let waiting =
        usize::try_from(count(&mut admin, "SELECT count(*) FROM ticket.outbox WHERE state = 'waiting'").await?)?;
    let peers = Peers::start(peers, false).await?;
    // The breaker tries one call; from then on all goes at once.
    peers.reach(1).await;
    let began = Instant::now();
    peers.reach(waiting).await;
    let rate = waiting as f64 / began.elapsed().as_secs_f64();
    service.stop().await?;
    stage.server.drop_database("relay_grpc").await?;
    let what = format!(
        "the ticket service's backlog of {} calls, two destinations, over gRPC (one run)",
        grouped(i64::try_from(waiting)?)
    );
    Ok((what, rate))
}

/// Calls of one key go one by one, whatever waits.
async fn one_key(stage: &Stage, queue: &Queue) -> Result<Vec<String>> {
    let calls = stage.sizes.of(10_000, 200);
    queue.clear().await?;
    queue.enqueue(calls, Some("appeals/one"), Duration::ZERO).await?;
    let rate = queue.drain().await?;
    Ok(vec![
        format!("one key with {} calls, one after the other", grouped(i64::try_from(calls)?)),
        number(rate),
        String::new(),
    ])
}
