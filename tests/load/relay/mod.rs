//! The relay: calls a second against bare claim-and-complete, what long queues do to it, and how soon it is there when idle (goal 7).

mod idle;
mod queue;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Result, ensure};
use sqlx::{Connection as _, PgConnection};

use self::queue::{Queue, Waiting};
use crate::Stage;
use crate::figure::{grouped, number, ratio, time};
use crate::filing::Portal;
use crate::peer::Peers;
use crate::pgbench::{self, Length};
use crate::postgres::{self, count};
use crate::report::{Bar, Goal, Script, Section, Table};
use crate::statistics::{Latencies, median};
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
    let (queues, flat) = long_queues(stage, &queue).await?;
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
        tables: vec![
            Table::new("Calls settled", &["", "per s", "ratio"], rates),
            profile,
            queues,
            idle.table(),
        ],
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

/// What waits beside the calls of a step.
#[derive(Clone, Copy, Debug)]
enum Among {
    Nothing,
    Waiting(usize, Waiting),
    Away(usize),
}

/// The destination that was away is there again: steps of a hundred among all that piled up for it.
async fn come_back(queue: &Queue, repeats: usize) -> Result<Vec<String>> {
    queue.is_back.store(true, Ordering::Relaxed);
    // Its breaker lets one call through before the others.
    let began = Instant::now();
    while queue.step_of_away().await? < BATCH {
        ensure!(began.elapsed() < Duration::from_secs(60), "the destination is back and is not tried");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut hundreds = Vec::new();
    for _ in 0..repeats {
        let began = Instant::now();
        let found = queue.step_of_away().await?;
        ensure!(found == BATCH, "{found} calls were claimed where more were due");
        hundreds.push(began.elapsed());
    }
    let hundreds = Latencies::new(hundreds);
    let [p50, p99] = [50.0, 99.0].map(|percent| time(hundreds.percentile(percent)));
    let what = "that destination's own steps, when it is there again and all of them are due";
    Ok(vec![what.to_owned(), String::new(), String::new(), p50, p99])
}

/// How long a step takes among others that wait: it should be the same whatever waits.
async fn long_queues(stage: &Stage, queue: &Queue) -> Result<(Table, Goal)> {
    let (many, behind) = (stage.sizes.of(1_000_000, 2_000), stage.sizes.of(10_000, 200));
    let repeats = stage.sizes.of(100, 10);
    let (mut rows, mut medians, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let text = |count: usize| grouped(i64::try_from(count).unwrap_or_default());
    for (what, among) in [
        ("nothing else".to_owned(), Among::Nothing),
        (
            format!("{} calls of one key whose first one waits for its retry", text(behind)),
            Among::Waiting(behind, Waiting::OneKey),
        ),
        (format!("{} for this one that wait for their retry", text(many)), Among::Waiting(many, Waiting::Retry)),
        (format!("{} for another destination that is away and is being tried", text(many)), Among::Away(many)),
    ] {
        // A thousand settled calls are in the table in any case.
        queue.fill(1_000).await?;
        queue.drain().await?;
        queue.settle().await?;
        match among {
            Among::Nothing => {}
            Among::Waiting(count, waiting) => queue.generate(count, waiting).await?,
            Among::Away(count) => queue.pile_up(count).await?,
        }
        let (mut ones, mut hundreds) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            for (calls, latencies) in [(1, &mut ones), (BATCH, &mut hundreds)] {
                queue.enqueue(calls, None, Duration::ZERO).await?;
                if matches!(among, Among::Away(_)) {
                    queue.step_of_away().await?;
                }
                let began = Instant::now();
                queue.step(calls).await?;
                latencies.push(began.elapsed());
            }
        }
        let [ones, hundreds] = [ones, hundreds].map(Latencies::new);
        medians.push([&ones, &hundreds].map(|it| it.percentile(50.0).as_secs_f64()));
        let of = |it: &Latencies| [50.0, 99.0].map(|percent| time(it.percentile(percent)));
        names.push(what.clone());
        rows.push([vec![what], of(&ones).to_vec(), of(&hundreds).to_vec()].concat());
    }
    rows.push(come_back(queue, repeats).await?);
    let growth = |of: &[f64; 2]| (of[0] / medians[0][0]).max(of[1] / medians[0][1]);
    let worst = medians[1..].iter().map(growth).fold(0.0, f64::max);
    let goal = Goal::at_most(
        10,
        &format!("a step with {} waiting at most 1.5 times one with nothing waiting", text(many)),
        &format!("p50 at worst {} times", ratio(worst)),
        worst,
        1.5,
    );
    let caption = "A step (claim, deliver, settle) among calls that wait";
    let table = Table::new(caption, &["waiting", "1 call: p50", "p99", "100 calls: p50", "p99"], rows);
    let of = |at: usize| format!("{} ({} times)", names[at], ratio(growth(&medians[at])));
    let slow: Vec<String> = (1..medians.len()).filter(|at| growth(&medians[*at]) > 1.5).map(of).collect();
    Ok((table, goal.because(&format!("Slower than that among {}.", slow.join("; ")))))
}
