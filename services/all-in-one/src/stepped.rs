//! The suite's loops moved by hand: for the demo, and for tests.

use anyhow::{Context as _, Result};
use bootstrap::Loop;

/// Loops that look after the process, not after appeals, and would never be idle or change nothing.
const OF_THE_PROCESS: [&str; 8] = [
    "outbox-gauges",
    "dispatch-gauges",
    "purge",
    "purge-figures",
    "sweep",
    "verification_keys",
    "monitor-lag",
    "reconcile",
];

/// One step of each loop that works on appeals and messages; answers how many things were done.
///
/// # Errors
/// A step's own, with the loop's name.
pub async fn round(loops: &[Loop]) -> Result<usize> {
    let mut worked = 0;
    for it in loops.iter().filter(|it| !OF_THE_PROCESS.contains(&it.name)) {
        worked += step(it).await?;
    }
    Ok(worked)
}

/// One step of one loop.
///
/// # Errors
/// As [`round`].
pub async fn step(one: &Loop) -> Result<usize> {
    Ok(one.step.step().await.with_context(|| one.name.to_owned())?.count())
}
