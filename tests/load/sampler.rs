//! Where a process's CPU time goes, by crate, as `perf` samples it. A machine without `perf` (Debian: linux-perf) loses this table only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::figure::number;
use crate::report::Table;

/// Crates told by name; what is less is summed.
const SHOWN: usize = 16;

/// `perf` at work.
#[derive(Debug)]
pub struct Sampler {
    perf: Child,
    samples: PathBuf,
}

// === impl Sampler ===

impl Sampler {
    /// Looks at a process 999 times a second of its CPU time. `None` where there is no `perf`.
    ///
    /// # Errors
    /// It can't be started for another reason.
    pub fn start(pid: u32, samples: PathBuf) -> Result<Option<Self>> {
        let started = Command::new("perf")
            .args(["record", "--quiet", "--event=cpu-clock", "--freq=999", "--pid", &pid.to_string(), "--output"])
            .arg(&samples)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        match started {
            Ok(perf) => Ok(Some(Self { perf, samples })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("perf"),
        }
    }

    /// Ends, and tells who used it. `spent`: the CPU time meanwhile; `count`: of how many things, called `thing`.
    ///
    /// # Errors
    /// `perf` could not look.
    pub async fn stop(mut self, spent: Duration, count: usize, thing: &str) -> Result<Table> {
        let pid = self.perf.id().context("perf ended by itself: may it look at other processes?")?;
        kill(Pid::from_raw(pid.try_into()?), Signal::SIGINT)?;
        self.perf.wait().await?;
        let told = Command::new("perf")
            .args(["report", "--stdio", "--sort=symbol", "--fields=overhead,sym", "--input"])
            .arg(&self.samples)
            .stderr(Stdio::null())
            .output()
            .await?;
        std::fs::remove_file(&self.samples)?;
        ensure!(told.status.success(), "perf report: {}", told.status);
        let each = spent.as_secs_f64() * 1e6 / count.max(1) as f64;
        let mut shares: Vec<(String, f64)> = shares(&String::from_utf8_lossy(&told.stdout)).into_iter().collect();
        shares.sort_by(|one, other| other.1.total_cmp(&one.1));
        let rest: f64 = shares.iter().skip(SHOWN).map(|(_, share)| share).sum();
        shares.truncate(SHOWN);
        shares.push(("all others".to_owned(), rest));
        let row = |(name, share): (String, f64)| vec![name, format!("{share:.1} %"), number(share / 100.0 * each)];
        Ok(Table::new(
            &format!("Where the service's own CPU time goes, by crate, {} µs for each {thing}", number(each)),
            &["crate", "share", "µs each"],
            shares.into_iter().map(row).collect(),
        ))
    }
}

/// Percent by crate, of lines such as `  1.25%  [.] <h2::frame::Head as core::fmt::Debug>::fmt`.
fn shares(report: &str) -> BTreeMap<String, f64> {
    let mut shares = BTreeMap::new();
    for line in report.lines() {
        let Some((percent, symbol)) = line.trim().split_once('%') else { continue };
        let Ok(percent) = percent.trim().parse::<f64>() else { continue };
        *shares.entry(owner(symbol.trim())).or_default() += percent;
    }
    shares
}

/// Whose a symbol is: the first crate named in it that is none of the language's own.
fn owner(symbol: &str) -> String {
    let Some(name) = symbol.strip_prefix("[.]") else { return "kernel".to_owned() };
    let mut paths = name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|it| it.contains("::"));
    let first = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
    let all: Vec<String> = paths.by_ref().map(first).filter(|it| !it.is_empty()).collect();
    let foreign = all.iter().find(|it| !["core", "alloc", "std", "hashbrown"].contains(&it.as_str()));
    match (foreign, all.first()) {
        (Some(owner), _) => owner.clone(),
        (None, Some(_)) => "core, alloc, std".to_owned(),
        (None, None) => "libc, and what has no Rust name".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_its_crates_wherever_that_stands() {
        for (symbol, whose) in [
            ("[k] finish_task_switch.isra.0", "kernel"),
            ("[.] h2::hpack::huffman::decode::decode", "h2"),
            ("[.] <sqlx_postgres::type_info::PgType as core::clone::Clone>::clone", "sqlx_postgres"),
            ("[.] <alloc::vec::Vec<T> as prost::Message>::encode", "prost"),
            ("[.] <rpc::layers::Layered<A,S> as tower_service::Service<http::Request>>::call", "rpc"),
            ("[.] core::str::converts::from_utf8", "core, alloc, std"),
            ("[.] __memmove_avx512_unaligned_erms", "libc, and what has no Rust name"),
        ] {
            assert_eq!(owner(symbol), whose, "{symbol}");
        }
        let told = "# Overhead  Symbol\n    40.00%  [.] h2::a\n    20.50%  [.] h2::b  -\n\n    1.00%  [k] c\n";
        assert_eq!(shares(told), BTreeMap::from([("h2".to_owned(), 60.5), ("kernel".to_owned(), 1.0)]));
    }
}
