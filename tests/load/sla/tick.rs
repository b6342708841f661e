//! One monitor's tick, by what is open and what is due.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clock::ManualClock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _};

use super::grouped_of;
use super::inside::{self, Inside};
use super::replica::Replica;
use super::seed::{Due, Seed};
use crate::Stage;
use crate::figure::time;
use crate::postgres::execute;
use crate::statistics::{Latencies, median_time};

pub const HEADER: [&str; 5] = ["open", "due", "p50", "p99", "max"];

/// What was seen at one size.
#[derive(Debug)]
pub struct Ticks {
    /// Deadlines open.
    pub open: usize,
    /// Ticks with nothing due.
    pub idle: Latencies,
    /// Ticks with a hundred due.
    pub hundred: Latencies,
    /// What the idle ones did in Postgres.
    pub idle_inside: Inside,
    /// And those with a hundred due.
    pub hundred_inside: Inside,
    /// How the due are found, in short.
    pub plan: String,
    many: usize,
    /// All the ticks that `many` due take.
    drains: Vec<Duration>,
}

/// Measures ticks with `open` deadlines open; what falls due does so from `at` on, one a second.
///
/// # Errors
/// A tick finds other than what is due.
pub async fn measure(stage: &Stage, seed: &Seed, open: usize, at: Timestamp) -> Result<Ticks> {
    let (many, hundreds, idles) = (stage.sizes.of(10_000, 500), stage.sizes.of(200, 5), stage.sizes.of(500, 50));
    let all = 100 * hundreds + many * stage.sizes.runs;
    seed.due(&format!("T{open}"), all, at, 1_000_000, Due::Both).await?;
    let clock = ManualClock::at(at);
    let replica = Replica::new(stage, seed, &clock).await?;
    // A pool's first connection, a statement's first plan.
    replica.tick().await?;
    let mut idle = Vec::new();
    inside::begin(seed).await?;
    for _ in 0..idles {
        idle.push(ticked(&replica, 0).await?);
    }
    let idle_inside = inside::end(seed, idles).await?;
    let plan = explain(seed, at).await?;
    let mut hundred = Vec::new();
    inside::begin(seed).await?;
    for _ in 0..hundreds {
        clock.advance(SignedDuration::from_secs(100));
        hundred.push(ticked(&replica, 100).await?);
    }
    let hundred_inside = inside::end(seed, hundreds).await?;
    let mut drains = Vec::new();
    for _ in 0..stage.sizes.runs {
        clock.advance(SignedDuration::from_secs(i64::try_from(many)?));
        let began = Instant::now();
        let fired = replica.drain().await?;
        drains.push(began.elapsed());
        ensure!(fired == many, "{fired} fired of {many}");
    }
    println!("{open} open: idle {}", time(Latencies::new(idle.clone()).percentile(50.0)));
    let (idle, hundred) = (Latencies::new(idle), Latencies::new(hundred));
    Ok(Ticks { open, idle, hundred, idle_inside, hundred_inside, plan, many, drains })
}

async fn ticked(replica: &Replica, due: usize) -> Result<Duration> {
    let (fired, took) = replica.tick().await?;
    ensure!(fired == due, "{fired} fired of {due}");
    Ok(took)
}

/// The look's plan in short: of the very statement that the ticks sent, prepared as they do, whatever its parameters.
async fn explain(seed: &Seed, at: Timestamp) -> Result<String> {
    let mut admin = seed.admin().await?;
    let sent: String = sqlx::query_scalar(
        "SELECT query FROM public.pg_stat_statements WHERE query LIKE '-- lock_due()%'
            AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .fetch_one(&mut admin)
    .await
    .context("the look among the statements seen")?;
    execute(&mut admin, "SET plan_cache_mode = force_generic_plan").await?;
    execute(&mut admin, &format!("PREPARE look (timestamptz, bigint) AS {sent}")).await?;
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE look ('{at}', 100)");
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain)).persistent(false).fetch_one(&mut admin).await?;
    admin.close().await?;
    chain(&plan[0]["Plan"]).context("a plan that reads otherwise")
}

fn chain(node: &Value) -> Option<String> {
    let mut text = node["Node Type"].as_str()?.to_owned();
    if let Some(index) = node["Index Name"].as_str() {
        text = format!("{text} on `{index}`");
    }
    match node["Plans"].as_array().and_then(|plans| plans.first()) {
        Some(below) => Some(format!("{text} ← {}", chain(below)?)),
        None => Some(text),
    }
}

// === impl Ticks ===

impl Ticks {
    /// Rows of the table.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |due: &str, it: &Latencies| {
            let [p50, p99, max] = [it.percentile(50.0), it.percentile(99.0), it.max()].map(time);
            vec![grouped_of(self.open), due.to_owned(), p50, p99, max]
        };
        let all = format!("{}, all ticks together", grouped_of(self.many));
        let (took, most) =
            (median_time(self.drains.iter().copied()), self.drains.iter().copied().max().unwrap_or_default());
        let drain = vec![grouped_of(self.open), all, time(took), String::new(), time(most)];
        vec![row("0", &self.idle), row("100", &self.hundred), drain]
    }

    /// Rows of the table about what they do in Postgres.
    pub fn inside(&self) -> Vec<Vec<String>> {
        vec![self.idle_inside.row(self.open, "0"), self.hundred_inside.row(self.open, "100")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_from_its_end_to_its_beginning() {
        let plan = serde_json::json!({
            "Node Type": "Limit", "Plans": [{ "Node Type": "Index Scan", "Index Name": "deadline_fire_idx" }],
        });
        assert_eq!(chain(&plan).unwrap(), "Limit ← Index Scan on `deadline_fire_idx`");
        assert_eq!(chain(&serde_json::json!({})), None);
    }
}
