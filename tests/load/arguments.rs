//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures what the suite can do against the same work in bare SQL, and writes tests/load/report.md, report.svg and the README's table.
#[derive(Debug, Parser)]
#[command(name = "load-report")]
pub struct Arguments {
    /// Measures these only; the others are told as they were measured last on this checkout.
    #[arg(long, value_delimiter = ',', value_name = "SCENARIOS")]
    pub only: Vec<Scenario>,
    /// Small numbers, to see that the method works: written to target/load/quick, and no figure of it means anything.
    #[arg(long)]
    pub quick: bool,
    /// Runs of ours and of the baseline, by turns. [default: 5, with --quick 2]
    #[arg(long)]
    pub runs: Option<usize>,
    /// Where Postgres has its data: some 10 GB, on the disk that is meant. [default: target/load]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

/// One section of the report, in the order they are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scenario {
    Filing,
    Relay,
    Sla,
    Dispatch,
    Footprint,
    Arithmetic,
    Rebase,
}

/// How much of everything.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Runs of each measure.
    pub runs: usize,
    /// One closed or open loop.
    pub seconds: Duration,
    /// Everything that is counted is divided by this.
    pub divisor: usize,
    /// The report says that it means nothing.
    pub is_quick: bool,
}

// === impl Arguments ===

impl Arguments {
    /// What is to be measured.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let all = Scenario::value_variants().iter().copied();
        all.filter(|it| self.only.is_empty() || self.only.contains(it)).collect()
    }

    /// How much of it.
    pub fn sizes(&self) -> Sizes {
        let (runs, seconds, divisor) = if self.quick { (2, 2, 50) } else { (5, 8, 1) };
        let runs = self.runs.unwrap_or(runs).max(1);
        Sizes { runs, seconds: Duration::from_secs(seconds), divisor, is_quick: self.quick }
    }
}

// === impl Scenario ===

impl Scenario {
    /// Its place in the report.
    pub fn key(self) -> String {
        let at = Self::value_variants().iter().position(|it| *it == self).unwrap_or_default();
        format!("{} {}", at + 1, self.to_possible_value().map(|it| it.get_name().to_owned()).unwrap_or_default())
    }
}

// === impl Sizes ===

impl Sizes {
    /// So many, in a quick run fewer, and never less than `least`.
    pub fn of(&self, count: usize, least: usize) -> usize {
        (count / self.divisor).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_scenarios_or_all_in_their_order() {
        let asked = |line: &[&str]| Arguments::try_parse_from(["load-report"].iter().chain(line)).unwrap();
        assert_eq!(asked(&["--only", "sla,filing"]).scenarios(), [Scenario::Filing, Scenario::Sla]);
        assert_eq!(asked(&[]).scenarios().len(), 7);
        assert_eq!(Scenario::Dispatch.key(), "4 dispatch");
        let (quick, whole) = (asked(&["--quick"]).sizes(), asked(&["--runs", "3"]).sizes());
        assert_eq!(
            (quick.of(1_000_000, 1), quick.of(10, 5), whole.of(1_000_000, 1), whole.runs),
            (20_000, 5, 1_000_000, 3)
        );
    }
}
