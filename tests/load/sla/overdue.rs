//! The end of an outage: a hundred thousand overdue at once, two monitors, against the same writes in bare SQL (goal 5).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clock::ManualClock;
use jiff::{SignedDuration, Timestamp};

use super::grouped_of;
use super::replica::Replica;
use super::seed::{Due, Seed};
use crate::Stage;
use crate::cost::{Meter, Spent};
use crate::figure::{number, ratio, time};
use crate::pgbench::{self, Length};
use crate::postgres::{self, execute};
use crate::report::{Bar, Goal, Script, Table};
use crate::statistics::median;

const BARE: &str = include_str!("bare.sql");
/// Monitors, and the baseline's clients.
const MONITORS: usize = 2;
/// Deadlines of one statement: as many as a tick takes, and as many as bare SQL likes best.
const BATCHES: [usize; 2] = [100, 1_000];

/// What came of it.
pub struct Overdue {
    pub tables: Vec<Table>,
    pub scripts: Vec<Script>,
    pub goal: Goal,
    pub bars: Vec<Bar>,
}

/// Measures it. `due`: when they fell due.
///
/// # Errors
/// A rung that did not fire, or fired twice.
pub async fn measure(stage: &Stage, seed: &Seed, due: Timestamp) -> Result<Overdue> {
    let deadlines = stage.sizes.of(100_000, 2_000);
    seed.due("O", deadlines, due, 1_000, Due::Both).await?;
    let now = due + SignedDuration::from_hours(2);
    let clock = ManualClock::at(now);
    let replicas = [Replica::new(stage, seed, &clock).await?, Replica::new(stage, seed, &clock).await?];
    let scripts = BATCHES.map(|batch| BARE.replace("{batch}", &batch.to_string()).replace("{now}", &escaped(now)));
    let (mut mine, mut bare, mut spent) = (Vec::new(), BATCHES.map(|_| Vec::new()), [Spent::default(); 2]);
    for _ in 0..stage.sizes.runs {
        reset(seed).await?;
        let (began, meter) = (Instant::now(), Meter::start(&stage.server, None)?);
        let (one, other) = tokio::try_join!(replicas[0].drain(), replicas[1].drain())?;
        mine.push(deadlines as f64 / began.elapsed().as_secs_f64());
        spent[0] += meter.stop(&stage.server)?;
        ensure!(one + other == deadlines, "{one} and {other} fired of {deadlines}");
        check(seed, deadlines).await?;
        for (at, batch) in BATCHES.into_iter().enumerate() {
            reset(seed).await?;
            let turns = deadlines.div_ceil(batch * MONITORS);
            let length = Length::Transactions(turns);
            let run = pgbench::run(&stage.server, &seed.admin_url, &scripts[at], MONITORS, length, None).await?;
            check(seed, deadlines).await?;
            // Of the larger batch, which is the faster one.
            if batch == BATCHES[1] {
                spent[1] += run.spent;
            }
            bare[at].push(deadlines as f64 * run.rate / (turns * MONITORS) as f64);
        }
    }
    reset(seed).await?;
    postgres::forget_statements(&seed.admin_url).await?;
    tokio::try_join!(replicas[0].drain(), replicas[1].drain())?;
    let profile = postgres::statements(&seed.admin_url, deadlines, "deadline").await?;

    let (mine, bare) = (median(mine), bare.map(median));
    let best = bare[0].max(bare[1]);
    let all = |rate: f64| time(Duration::from_secs_f64(deadlines as f64 / rate));
    let row = |what: String, rate: f64| vec![what, number(rate), all(rate), ratio(rate / best)];
    let rows = vec![
        row(format!("{MONITORS} monitors"), mine),
        row(format!("bare SQL, {MONITORS} clients, {} a statement", BATCHES[0]), bare[0]),
        row(format!("bare SQL, {MONITORS} clients, {} a statement", BATCHES[1]), bare[1]),
    ];
    let share = mine / best;
    println!("overdue: {} against {}", number(mine), number(best));
    let caption = format!("{} overdue at once: rungs, state and calls; each rung once", grouped_of(deadlines));
    // The monitors step in this process.
    let all_runs = deadlines * stage.sizes.runs;
    let cpu = spent.map(|it| format!("{} and Postgres {}", each(it.client, all_runs), each(it.postgres, all_runs)));
    let why = format!(
        "CPU µs a deadline, on cores that all share: the two monitors {}; bare SQL's clients {}. {} statements a deadline, whose time stands \
         under SLA monitor",
        cpu[0],
        cpu[1],
        trips(&profile)
    );
    let goal = Goal::at_least(
        5,
        "100 k overdue: half of bare SQL's rate, two monitors, each rung once",
        &format!("{} per s, {} times", number(mine), ratio(share)),
        share,
        0.5,
    );
    Ok(Overdue {
        tables: vec![Table::new(&caption, &["", "deadlines per s", "all of them", "ratio"], rows), profile],
        scripts: vec![Script { name: "The baseline's script (pgbench)".to_owned(), text: BARE.to_owned() }],
        goal: goal.because(&why),
        bars: vec![Bar { label: "monitor: overdue handled, two replicas".to_owned(), share, goal: Some(0.5) }],
    })
}

fn each(spent: Duration, count: usize) -> String {
    number(spent.as_secs_f64() * 1e6 / count.max(1) as f64)
}

fn trips(profile: &Table) -> String {
    profile.rows.last().map(|row| row[1].clone()).unwrap_or_default()
}

/// A colon would begin a variable of pgbench; Postgres takes a time without.
fn escaped(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%S+0000").to_string()
}

/// All of them overdue again, as if nobody had looked.
async fn reset(seed: &Seed) -> Result<()> {
    let mut admin = seed.admin().await?;
    let statement = "TRUNCATE outbox, outbox_key;
        UPDATE rung SET state = 'armed', act_time = NULL, reason = NULL FROM deadline
            WHERE rung.deadline_id = deadline.deadline_id AND number LIKE 'O-%' AND rung.state <> 'armed';
        UPDATE deadline SET next_fire_time = next_due_time WHERE number LIKE 'O-%' AND next_fire_time IS NULL;";
    execute(&mut admin, statement).await?;
    seed.settle().await
}

async fn check(seed: &Seed, deadlines: usize) -> Result<()> {
    for (what, statement) in [
        (
            "fired",
            "SELECT count(*) FROM rung JOIN deadline USING (deadline_id) WHERE number LIKE 'O-%' AND level = 1 AND rung.state = 'fired'",
        ),
        (
            "superseded",
            "SELECT count(*) FROM rung JOIN deadline USING (deadline_id) WHERE number LIKE 'O-%' AND level = 0 AND rung.state = 'superseded'",
        ),
        ("calls' halves", "SELECT count(*) / 2 FROM outbox"),
    ] {
        let seen = seed.count(statement).await?;
        ensure!(seen == deadlines, "{what}: {seen} of {deadlines}");
    }
    Ok(())
}
