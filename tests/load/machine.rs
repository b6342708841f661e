//! The machine, and how long its disk takes to keep something: what figures are worth without.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::figure::{bytes, time};
use crate::statistics::Latencies;

const PROBES: usize = 500;
/// A page of Postgres.
const PAGE: usize = 8192;

/// Writes a page and waits for the disk, again and again.
///
/// # Errors
/// The folder can't be written.
pub fn fdatasync(folder: &Path) -> Result<Latencies> {
    let path = folder.join("probe");
    let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    let mut all = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        let began = Instant::now();
        file.write_all(&[0x5a; PAGE])?;
        file.sync_data()?;
        all.push(began.elapsed());
    }
    fs::remove_file(path)?;
    Ok(Latencies::new(all))
}

/// The probe in words.
pub fn told(probe: &Latencies) -> String {
    let [p50, p99, max] = [probe.percentile(50.0), probe.percentile(99.0), probe.max()].map(time);
    format!("p50 {p50}, p99 {p99}, max {max}")
}

/// Name and value of what the figures depend on, Postgres excepted.
pub fn facts() -> Vec<(String, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = after(&read("/proc/meminfo"), "MemTotal").replace(" kB", "").parse::<u64>().unwrap_or_default();
    let build = if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" };
    let load = read("/proc/loadavg");
    let told = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok().filter(|it| it.status.success());
        output.map_or("unknown".to_owned(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
    };
    let changed =
        if told("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { ", changed" };
    [
        ("processor", format!("{} × {cores}", after(&read("/proc/cpuinfo"), "model name"))),
        ("memory", bytes(memory * 1024)),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("build", build.to_owned()),
        ("commit", format!("{}{changed}", told("git", &["rev-parse", "--short=10", "HEAD"]))),
        ("load average before", load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
