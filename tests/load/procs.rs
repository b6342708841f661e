//! What processes use, as Linux tells it in /proc.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// `USER_HZ`: the unit of CPU times in /proc, the same on every Linux that runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields of `/proc/<pid>/stat` that are of use here.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that ended and were waited for.
    reaped: u64,
}

fn stat(text: &str) -> Option<Stat> {
    // The name is in brackets and may hold anything; what follows the last of them has no surprises.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: number(1)?.try_into().ok()?,
        own: number(11)? + number(12)?,
        reaped: number(13)? + number(14)?,
    })
}

fn of(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    stat(&text).with_context(|| format!("/proc/{pid}/stat reads otherwise"))
}

fn span(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND)
}

/// CPU time of one process so far.
pub fn cpu(pid: u32) -> Result<Duration> {
    Ok(span(of(pid)?.own))
}

/// CPU time of the programs that this process ran to their end.
pub fn cpu_of_ended_children() -> Result<Duration> {
    Ok(span(of(std::process::id())?.reaped))
}

/// CPU time of a postmaster and all it ever forked: backends that ended are in it, as are those that run.
///
/// The backends of a load generator end together, at the moment when this is asked: one that is waited for between the look at the
/// postmaster and the look at its children would be in neither, so both are repeated until nothing was.
pub fn cpu_of_postgres(postmaster: u32) -> Result<Duration> {
    loop {
        let before = of(postmaster)?;
        let running = cpu_of_children(postmaster)?;
        if of(postmaster)?.reaped == before.reaped {
            return Ok(span(before.own + before.reaped + running));
        }
    }
}

fn cpu_of_children(parent: u32) -> Result<u64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Ok(child) = of(pid)
            && child.parent == parent
        {
            ticks += child.own;
        }
    }
    Ok(ticks)
}

/// Memory in use: resident bytes.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    kib(&status, "VmRSS:").context("/proc tells no VmRSS")
}

/// Resident bytes that belong to this process alone: without the program's own text, which processes of one program share.
pub fn private(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    kib(&status, "RssAnon:").context("/proc tells no RssAnon")
}

/// Resident bytes, of pages that several processes map only this one's part: the sum over those processes is what they take together.
pub fn proportional(pid: u32) -> Result<u64> {
    let rollup =
        fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).with_context(|| format!("process {pid} is gone"))?;
    kib(&rollup, "Pss:").context("/proc tells no Pss")
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_is_passed_over() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194560 99 0 0 0 150 25 30 5 20 0 4 0 100";
        let stat = stat(text).unwrap();
        assert_eq!((stat.parent, stat.own, stat.reaped), (7, 175, 35));
        assert_eq!(kib("VmPeak:\t  10 kB\nVmRSS:\t    4 kB\n", "VmRSS:"), Some(4096));
    }

    #[test]
    fn this_process_is_there() {
        let [own, part, all] = [private, proportional, resident].map(|of| of(std::process::id()).unwrap());
        assert!(own < part && part <= all, "{own} {part} {all}");
        assert!(cpu(std::process::id()).unwrap() < Duration::from_secs(3600));
        cpu_of_ended_children().unwrap();
    }
}
