//! The command line: our own options, and those that cargo hands to every test target.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// Lists of the usual run.
const LISTS: u64 = 2_000;
/// Lists at once: on two cores a third worker uses what the others' waiting leaves, and a fourth gains nothing.
const WORKERS: usize = 3;
/// How long is looked for a shorter list that fails too, be it of something else.
const SHRINK: Duration = Duration::from_secs(120);

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Random lists.
    pub lists: u64,
    /// From which they follow.
    pub seed: u64,
    /// The first of them.
    pub first: u64,
    /// Lists at once.
    pub workers: usize,
    /// How long shrinking may take.
    pub shrink: Duration,
    /// Lists to replay in place of everything else.
    pub files: Vec<PathBuf>,
    /// A reached situation that is missing is no failure: only a run that is long enough is asked for all of them.
    pub is_short: bool,
    /// Not those that were kept.
    pub skip_found: bool,
}

// === impl Arguments ===

impl Arguments {
    /// `None`: cargo asked for other tests, or for their names.
    ///
    /// # Errors
    /// A value is missing or out of range.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut given = given;
        let mut it = Self {
            lists: LISTS,
            seed: rand::random(),
            first: 0,
            workers: WORKERS,
            shrink: SHRINK,
            files: Vec::new(),
            is_short: false,
            skip_found: false,
        };
        let (mut filters, mut is_run) = (Vec::new(), true);
        while let Some(argument) = given.next() {
            let mut value = || given.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--lists" => it.lists = value()?.parse().context("--lists")?,
                "--seed" => it.seed = value()?.parse().context("--seed")?,
                "--first" => it.first = value()?.parse().context("--first")?,
                "--workers" => it.workers = value()?.parse().context("--workers")?,
                "--shrink" => it.shrink = Duration::from_secs(value()?.parse().context("--shrink")?),
                "--file" => it.files.push(value()?.into()),
                "--skip-found" => it.skip_found = true,
                "--list" => {
                    println!("simulation: test");
                    is_run = false;
                }
                // The only test here is not among the ignored ones.
                "--ignored" => is_run = false,
                "--skip" => is_run &= !"simulation".contains(&value()?),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => drop(value()?),
                flag if flag.starts_with('-') => {}
                filter => filters.push(filter.to_owned()),
            }
        }
        it.is_short = it.lists < LISTS;
        let is_meant = filters.is_empty() || filters.iter().any(|filter| "simulation".contains(filter.as_str()));
        Ok((is_run && is_meant).then_some(it))
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lists by seed {} (the same ops again: cargo test -p tests --test simulation -- --lists {} --seed {}",
            self.lists, self.seed, self.lists, self.seed
        )?;
        if self.first > 0 {
            write!(f, " --first {}", self.first)?;
        }
        write!(f, ")")
    }
}
