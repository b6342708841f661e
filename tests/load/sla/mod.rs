//! The SLA monitor: what a tick costs whatever is open (goal 4), a steady flow that falls due, and an outage's worth at once (goal 5).

mod flow;
mod inside;
mod killed;
mod overdue;
mod pattern;
mod replica;
mod seed;
mod tick;

use std::time::Duration;

use anyhow::Result;
use clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};

use self::seed::Seed;
use self::tick::Ticks;
use crate::Stage;
use crate::figure::{grouped, number, ratio, time};
use crate::report::{Goal, Section, Table};

/// When things fall due for monitors whose clock is turned by hand: after everything that happens by the machine's clock.
fn day(begin: Timestamp, day: i64) -> Timestamp {
    begin + SignedDuration::from_hours(24 * (365 + day))
}

/// Measures it.
///
/// # Errors
/// A rung that did not fire, or fired twice.
pub async fn measure(stage: &Stage) -> Result<Section> {
    // A whole second: what Postgres keeps is cut to microseconds.
    let begin = Timestamp::from_second(SystemClock.now().as_second())?;
    let seed = Seed::open(stage, begin).await?;
    let sizes =
        [(10_000, 1_000), (1_000_000, 10_000), (10_000_000, 50_000)].map(|(count, least)| stage.sizes.of(count, least));
    let mut all = Vec::new();
    seed.open_up_to(sizes[0]).await?;
    all.push(tick::measure(stage, &seed, sizes[0], day(begin, 0)).await?);
    seed.open_up_to(sizes[1]).await?;
    all.push(tick::measure(stage, &seed, sizes[1], day(begin, 10)).await?);
    let overdue = overdue::measure(stage, &seed, day(begin, 20)).await?;
    seed.open_up_to(sizes[2]).await?;
    all.push(tick::measure(stage, &seed, sizes[2], day(begin, 30)).await?);
    let (flow, steady) = flow::measure(stage, &seed).await?;
    let killed = killed::measure(stage, &seed).await?;
    stage.server.drop_database("sla").await?;

    let detection = detection(&all);
    let mut tables =
        vec![Table::new("A tick, by what is open and due", &tick::HEADER, all.iter().flat_map(Ticks::rows).collect())];
    tables.push(Table::new(
        "What one such tick does in Postgres (a commit's wait for the disk is not in it)",
        &inside::HEADER,
        all.iter().flat_map(Ticks::inside).collect(),
    ));
    tables.push(Table::new(
        "How the due are found (EXPLAIN of the statement that the ticks send, with a plan for any parameters)",
        &["open", "plan"],
        all.iter().map(|it| vec![grouped_of(it.open), it.plan.clone()]).collect(),
    ));
    tables.extend([flow, killed]);
    tables.extend(overdue.tables);
    Ok(Section {
        title: "SLA monitor".to_owned(),
        method: vec![
            "Deadlines are made by SQL. Those that are open and fall due in years are copies of what TrackDeadline left for one: two running \
             clocks with their ladders. Those that fall due lie among them, by ids at random, with a ladder of a warning and three levels. \
             Monitors step in this process by a clock turned by hand, two of them for the outage; the steady flow is a service of its own by \
             the machine's clock, with its relay at work. When something is overdue its warning is superseded and level 1 fires: two rungs and \
             two calls each."
                .to_owned(),
        ],
        tables,
        scripts: overdue.scripts,
        goals: vec![detection, overdue.goal, steady],
        bars: overdue.bars,
        ..Section::default()
    })
}

/// Goal 4, by what finds the due: a tick that finds nothing, and the look of one that finds a hundred. What is done with them afterwards
/// touches their rows and so depends on how many there are and whether they are in memory; it is told, and is goal 5.
fn detection(all: &[Ticks]) -> Goal {
    let (least, most) = (&all[0], &all[all.len() - 1]);
    let idle = [least, most].map(|it| it.idle.percentile(50.0));
    let look = [least, most].map(|it| it.hundred_inside.look());
    let whole = [least, most].map(|it| it.hundred.percentile(50.0));
    let growth = |[from, to]: [Duration; 2]| to.as_secs_f64() / from.as_secs_f64();
    let blocks = [least, most].map(|it| it.idle_inside.blocks());
    let told = |times: [Duration; 2]| format!("{} to {}", time(times[0]), time(times[1]));
    let seen = format!(
        "idle tick {} ({} times), blocks {} to {}; the look that finds 100 {} ({} times)",
        told(idle),
        ratio(growth(idle)),
        number(blocks[0]),
        number(blocks[1]),
        told(look),
        ratio(growth(look)),
    );
    let wanted = "due detection at 10 M open at most 1.1 times that at 10 k; an idle tick reads one block more at most";
    let plan = if least.plan == most.plan { "the same" } else { "another one" };
    let missed = [least, most].map(|it| number(it.hundred_inside.missed()));
    let why = format!(
        "The plan is {plan}. A tick with 100 due touches {} and {} blocks, of which {} and {} were not in shared_buffers. Whole ticks with \
         100 due, which write them too: {} ({} times); the WAL of each stands under SLA monitor",
        number(least.hundred_inside.blocks()),
        number(most.hundred_inside.blocks()),
        missed[0],
        missed[1],
        told(whole),
        ratio(growth(whole)),
    );
    // A thousand times as many may make the index one level deeper.
    let of_blocks = blocks[1] / (blocks[0] + 1.0);
    let worst = (growth(idle).max(growth(look)) / 1.1).max(of_blocks);
    Goal::at_most(4, wanted, &seen, worst, 1.0).because(&why)
}

fn grouped_of(count: usize) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}
