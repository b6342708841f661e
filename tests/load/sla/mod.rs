//! The SLA monitor: what a tick costs whatever is open (goal 4), a steady flow that falls due, and an outage's worth at once (goal 5).

mod flow;
mod overdue;
mod replica;
mod seed;
mod tick;

use anyhow::Result;
use clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};

use self::seed::Seed;
use self::tick::Ticks;
use crate::Stage;
use crate::figure::{grouped, ratio, time};
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
    let (flow, steady) = flow::measure(stage, &seed).await?;
    let overdue = overdue::measure(stage, &seed, day(begin, 20)).await?;
    seed.open_up_to(sizes[2]).await?;
    all.push(tick::measure(stage, &seed, sizes[2], day(begin, 30)).await?);
    stage.server.drop_database("sla").await?;

    let against = |of: fn(&Ticks) -> f64| of(&all[2]) / of(&all[0]);
    let growth = against(|it| it.idle.percentile(50.0).as_secs_f64())
        .max(against(|it| it.hundred.percentile(50.0).as_secs_f64()));
    let p50 = |it: &Ticks| time(it.idle.percentile(50.0));
    let detection = Goal::at_most(
        4,
        "due detection at 10 M open at most 1.1 times that at 10 k, reading what is due",
        &format!(
            "idle tick {} to {}, at worst {} times; {} blocks",
            p50(&all[0]),
            p50(&all[2]),
            ratio(growth),
            all[2].blocks
        ),
        growth,
        1.1,
    );
    let ticks = |it: &Ticks| format!("{} open: idle p99 {}", grouped_of(it.open), time(it.idle.percentile(99.0)));
    let why = format!(
        "{}; the plans and the blocks they read stand under SLA monitor",
        all.iter().map(ticks).collect::<Vec<_>>().join(", ")
    );
    let mut tables =
        vec![Table::new("A tick, by what is open and due", &tick::HEADER, all.iter().flat_map(Ticks::rows).collect())];
    tables.push(Table::new(
        "How the due are found (EXPLAIN of the tick's statement, nothing due)",
        &["open", "plan", "blocks read"],
        all.iter().map(|it| vec![grouped_of(it.open), it.plan.clone(), it.blocks.to_string()]).collect(),
    ));
    tables.push(flow);
    tables.extend(overdue.tables);
    Ok(Section {
        title: "SLA monitor".to_owned(),
        method: vec![
            "Deadlines are made by SQL: those that fall due with clocks and ladder (a warning and three levels), those that never do without; \
             ids lie at random over the table. Monitors step in this process by a clock turned by hand, two of them for the outage; the \
             steady flow is a service of its own by the machine's clock, with its relay at work. When something is overdue its warning is \
             superseded and level 1 fires: two rungs and two calls each."
                .to_owned(),
        ],
        tables,
        scripts: overdue.scripts,
        goals: vec![detection.because(&why), overdue.goal, steady],
        bars: overdue.bars,
        ..Section::default()
    })
}

fn grouped_of(count: usize) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}
