//! A step among long queues: it should take as long whatever waits (goal 10).

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::BATCH;
use super::queue::{Queue, Waiting};
use crate::Stage;
use crate::figure::{grouped, ratio, time};
use crate::report::{Goal, Table};
use crate::statistics::{Latencies, median_time};

/// Tries of the destination that is away: the breaker lets one call through after 1, 2, 4 and 8 s.
const TRIES: usize = 4;
/// What waits for it where little does.
const FEW: usize = 1_000;

/// What waits beside the calls of a step.
#[derive(Clone, Copy, Debug)]
enum Among {
    Nothing,
    Waiting(usize, Waiting),
    Away(usize),
}

/// Steps of one call and of a hundred.
struct Steps {
    ones: Latencies,
    hundreds: Latencies,
}

/// Measures it. Between the long queues there is nothing else each time, and it is the median of these runs that they are compared with: the first
/// runs of all are slower than the later ones, whatever waits.
pub(super) async fn measure(stage: &Stage, queue: &Queue) -> Result<(Table, Goal)> {
    let (many, behind) = (stage.sizes.of(1_000_000, 2_000), stage.sizes.of(10_000, 200));
    let repeats = stage.sizes.of(100, 10);
    let text = |count: usize| grouped(i64::try_from(count).unwrap_or_default());
    let queues = [
        (
            format!("{} calls of one key whose first one waits for its retry", text(behind)),
            Among::Waiting(behind, Waiting::OneKey),
        ),
        (format!("{} for this one that wait for their retry", text(many)), Among::Waiting(many, Waiting::Retry)),
        (format!("{} for another destination that is away", text(many)), Among::Away(many)),
    ];
    let tried_with_few = tries_with_few(stage).await?;
    steps(queue, Among::Nothing, repeats).await?;
    let (mut alone, mut long) = (Vec::new(), Vec::new());
    let (mut tried, mut back) = (Latencies::default(), Latencies::default());
    for (what, among) in queues {
        alone.push(steps(queue, Among::Nothing, repeats).await?);
        long.push((what, steps(queue, among, repeats).await?));
        if matches!(among, Among::Away(_)) {
            tried = tries(queue).await?;
            back = come_back(queue, repeats).await?;
        }
    }
    alone.push(steps(queue, Among::Nothing, repeats).await?);

    let of = |each: fn(&Steps) -> &Latencies, percent| median_time(alone.iter().map(|it| each(it).percentile(percent)));
    let [one, hundred] = [of(|it| &it.ones, 50.0), of(|it| &it.hundreds, 50.0)];
    let mut rows = vec![vec![
        format!("nothing else (medians of {} runs among the others)", alone.len()),
        time(one),
        time(of(|it| &it.ones, 99.0)),
        time(hundred),
        time(of(|it| &it.hundreds, 99.0)),
    ]];
    let percentiles = |it: &Latencies| [50.0, 99.0].map(|percent| time(it.percentile(percent))).to_vec();
    rows.extend(
        long.iter().map(|(what, it)| [vec![what.clone()], percentiles(&it.ones), percentiles(&it.hundreds)].concat()),
    );
    let nothing = || vec![String::new(); 2];
    let few = format!(
        "{} for a destination that is away: its own tries, {} of them (p99: the longest)",
        text(FEW),
        tried_with_few.count()
    );
    rows.push([vec![few], percentiles(&tried_with_few), nothing()].concat());
    let [away, again] = [
        format!("the tries of the one with {}, {} of them", text(many), tried.count()),
        "its own steps, when it is there again and all of them are due".to_owned(),
    ];
    rows.push([vec![away.clone()], percentiles(&tried), nothing()].concat());
    rows.push([vec![again.clone()], nothing(), percentiles(&back)].concat());

    let against = |seen: &Latencies, alone: Duration| seen.percentile(50.0).as_secs_f64() / alone.as_secs_f64();
    let mut growth: Vec<(String, f64)> =
        long.into_iter().map(|(what, it)| (what, against(&it.ones, one).max(against(&it.hundreds, hundred)))).collect();
    // A try comes after seconds in which nothing was done, and fails: it is held to those of a destination for which little waits.
    growth.extend([(away, against(&tried, tried_with_few.percentile(50.0))), (again, against(&back, hundred))]);
    let worst = growth.iter().map(|(_, times)| *times).fold(0.0, f64::max);
    let goal = Goal::at_most(
        10,
        &format!("a step with {} waiting at most 1.5 times one with nothing waiting", text(many)),
        &format!("p50 at worst {} times", ratio(worst)),
        worst,
        1.5,
    );
    let caption = "A step (claim, deliver, settle) among calls that wait";
    let table = Table::new(caption, &["waiting", "1 call: p50", "p99", "100 calls: p50", "p99"], rows);
    let slow = growth.iter().filter(|(_, times)| *times > 1.5);
    let slow: Vec<String> = slow.map(|(what, times)| format!("{what} ({} times)", ratio(*times))).collect();
    Ok((table, goal.because(&format!("Slower than that among {}", slow.join("; ")))))
}

async fn steps(queue: &Queue, among: Among, repeats: usize) -> Result<Steps> {
    // A thousand settled calls are in the table in any case.
    queue.fill(1_000).await?;
    queue.drain().await?;
    queue.settle().await?;
    match among {
        Among::Nothing => {}
        Among::Waiting(count, waiting) => queue.generate(count, waiting).await?,
        Among::Away(count) => {
            queue.pile_up(count).await?;
            let before = queue.tries.load(Ordering::Relaxed);
            queue.step_of_away().await?;
            ensure!(queue.tries.load(Ordering::Relaxed) > before, "the destination that is away is not tried");
        }
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
    Ok(Steps { ones, hundreds })
}

/// The tries of a destination that is away and for which little waits, in a database of its own: a breaker is as long in coming back as it was away.
async fn tries_with_few(stage: &Stage) -> Result<Latencies> {
    const NAME: &str = "relay_few";
    let queue = Queue::open(stage, NAME).await?;
    queue.pile_up(FEW).await?;
    queue.step_of_away().await?;
    let tried = tries(&queue).await?;
    drop(queue);
    stage.server.drop_database(NAME).await?;
    Ok(tried)
}

/// The destination is still away, and its breaker lets a call through now and then: those steps alone, each of one call.
async fn tries(queue: &Queue) -> Result<Latencies> {
    let (mut tried, began) = (Vec::new(), Instant::now());
    while tried.len() < TRIES {
        ensure!(began.elapsed() < Duration::from_secs(60), "the destination that is away is not tried");
        let (before, begin) = (queue.tries.load(Ordering::Relaxed), Instant::now());
        queue.step_of_away().await?;
        match queue.tries.load(Ordering::Relaxed) - before {
            0 => tokio::time::sleep(Duration::from_millis(50)).await,
            1 => tried.push(begin.elapsed()),
            more => anyhow::bail!("{more} calls were tried at once"),
        }
    }
    Ok(Latencies::new(tried))
}

/// The destination that was away is there again: steps of a hundred among all that piled up for it.
async fn come_back(queue: &Queue, repeats: usize) -> Result<Latencies> {
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
    Ok(Latencies::new(hundreds))
}
