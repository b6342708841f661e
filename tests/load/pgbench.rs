//! The baseline: our own statements, bare, run by Postgres's own load generator over the same kind of connection.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::cost::{Meter, Spent};
use crate::postgres::Server;
use crate::statistics::Latencies;

/// How long a run goes.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// So long.
    Time(Duration),
    /// So many transactions of each client.
    Transactions(usize),
}

/// What a run came to.
#[derive(Debug)]
pub struct Bench {
    /// Of each transaction; with a rate, from the scheduled time.
    pub latencies: Latencies,
    /// Transactions per second, as pgbench tells.
    pub rate: f64,
    /// CPU of both sides.
    pub spent: Spent,
}

/// Runs a script with prepared statements. `rate`: transactions per second in all, begun at scheduled times; else each client goes on as
/// fast as it is answered.
///
/// # Errors
/// pgbench is not there, or a transaction failed.
pub async fn run(
    server: &Server,
    url: &str,
    script: &str,
    clients: usize,
    length: Length,
    rate: Option<f64>,
) -> Result<Bench> {
    let folder = TempDir::new()?;
    std::fs::write(folder.path().join("script.sql"), script)?;
    let mut command = Command::new(server.tool("pgbench"));
    command
        .args(["-n", "-M", "prepared", "-f", "script.sql", "-l", "--log-prefix=log"])
        .args(["-c", &clients.to_string(), "-j", &clients.min(2).to_string()])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match length {
        Length::Time(time) => command.args(["-T", &time.as_secs().max(1).to_string()]),
        Length::Transactions(count) => command.args(["-t", &count.to_string()]),
    };
    if let Some(rate) = rate {
        command.args(["-R", &format!("{rate:.1}")]);
    }
    let meter = Meter::start(server, None)?;
    let output = command.arg(url).output().await.context("running pgbench, which comes with Postgres")?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "pgbench: {}", errors.lines().take(5).collect::<Vec<_>>().join("; "));
    let rate = rate_of(&text).with_context(|| format!("pgbench told no rate: {text}"))?;
    Ok(Bench { latencies: logged(folder.path())?, rate, spent: meter.stop(server)? })
}

/// `tps = 8431.6 (without initial connection time)`.
fn rate_of(output: &str) -> Option<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

fn logged(folder: &Path) -> Result<Latencies> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("log") {
            let text = std::fs::read_to_string(entry.path())?;
            for line in text.lines() {
                all.push(latency(line).with_context(|| format!("a line of pgbench's log: {line}"))?);
            }
        }
    }
    if all.is_empty() {
        bail!("pgbench logged no transaction");
    }
    Ok(Latencies::new(all))
}

/// `client transaction microseconds script seconds micros`.
fn latency(line: &str) -> Option<Duration> {
    line.split_whitespace().nth(2)?.parse().ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_tells_is_read() {
        let told =
            "number of clients: 8\nlatency average = 1.2 ms\ntps = 8431.642121 (without initial connection time)\n";
        assert!(rate_of(told).is_some_and(|rate| (rate - 8_431.642_121).abs() < 1e-9));
        assert_eq!(latency("3 17 1204 0 1763974800 123456"), Some(Duration::from_micros(1204)));
        assert_eq!(latency("3 17 skipped 0 1 2"), None);
    }
}
