//! The command line: our own options, and those that cargo hands to every test target.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::plan;

const SHORT_FILINGS: usize = 200;
const SHORT_ROUNDS: usize = 1;

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Appeals to file.
    pub filings: usize,
    /// Rounds of two kills.
    pub rounds: usize,
    /// Of the plan.
    pub seed: u64,
    /// Neither filings nor rounds were given.
    pub is_short: bool,
    /// The all-in-one to run; this very program when none is given.
    pub binary: Option<PathBuf>,
}

// === impl Arguments ===

impl Arguments {
    /// `None`: cargo asked for other tests, or for their names.
    ///
    /// # Errors
    /// A value is missing or out of range.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut given = given.peekable();
        let (mut filings, mut rounds, mut seed, mut binary) = (None, None, None, None);
        let (mut filters, mut is_run) = (Vec::new(), true);
        while let Some(argument) = given.next() {
            let mut value = || given.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--filings" => filings = Some(value()?.parse().context("--filings")?),
                "--rounds" => rounds = Some(value()?.parse().context("--rounds")?),
                "--seed" => seed = Some(value()?.parse().context("--seed")?),
                "--binary" => binary = Some(PathBuf::from(value()?)),
                "--list" => {
                    println!("kill9: test");
                    is_run = false;
                }
                // The only test here is not among the ignored ones.
                "--ignored" => is_run = false,
                "--skip" => is_run &= !"kill9".contains(&value()?),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => drop(value()?),
                flag if flag.starts_with('-') => {}
                filter => filters.push(filter.to_owned()),
            }
        }
        let is_meant = filters.is_empty() || filters.iter().any(|filter| "kill9".contains(filter.as_str()));
        if !is_run || !is_meant {
            return Ok(None);
        }
        let is_short = filings.is_none() && rounds.is_none();
        let arguments = Self {
            filings: filings.unwrap_or(SHORT_FILINGS),
            rounds: rounds.unwrap_or(SHORT_ROUNDS),
            seed: seed.unwrap_or_else(rand::random),
            is_short,
            binary,
        };
        let fewest = arguments.rounds * 2 * plan::FILINGS_PER_KILL;
        if arguments.filings < fewest {
            bail!("{} rounds need at least {fewest} filings, so that each kill meets some", arguments.rounds);
        }
        Ok(Some(arguments))
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {} (again: cargo test --test kill9 --", self.seed)?;
        if !self.is_short {
            write!(f, " --filings {} --rounds {}", self.filings, self.rounds)?;
        }
        write!(f, " --seed {})", self.seed)
    }
}
