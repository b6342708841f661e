//! What holds for watches.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[watch]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Between two looks at what is watched.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub poll: Duration,
    /// Between two signs of life.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub checkpoint: Duration,
    /// How long a watch may last.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub longest: Duration,
    /// Watches at once.
    pub most: usize,
    /// Watches at once of one person; systems are bound by `most` alone.
    pub most_of_person: usize,
}

// === impl Config ===

impl Config {
    /// Checks what types can't say.
    ///
    /// # Errors
    /// Naming the key.
    pub fn check(&self) -> anyhow::Result<()> {
        for (key, span) in [("poll", self.poll), ("checkpoint", self.checkpoint), ("longest", self.longest)] {
            anyhow::ensure!(!span.is_zero(), "`watch.{key}` must be longer than zero");
        }
        Ok(())
    }
}
