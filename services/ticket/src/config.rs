//! This service's part of the configuration; `config.default.toml` is its manual.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use deadline::PolicySet;
use serde::{Deserialize, Serialize};

use crate::domain::Catalogue;

/// Every section that is this service's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[appeals]`.
    pub appeals: Appeals,
    /// `[staff]`.
    pub staff: Staff,
    /// `[assertions]`.
    pub assertions: Assertions,
    /// `[watch]`.
    pub watch: watches::Config,
}

/// What holds for appeals.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appeals {
    /// Working days after a resolution within which the appeal may be opened again.
    pub reopen_within_working_days: u16,
    /// The calendar that counts them.
    pub reopen_calendar: String,
    /// A catalogue of categories instead of the one compiled in.
    #[serde(default)]
    pub catalogue_file: Option<PathBuf>,
}

/// What holds for members of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// Make the sample members when there are none.
    pub seed_samples: bool,
}

/// What holds for assertions of identity verification.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertions {
    /// How often the public keys are fetched.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub refresh: Duration,
}

// === impl Config ===

impl Config {
    /// The values used when nobody says otherwise, without the sections that all services share; for tests.
    ///
    /// # Errors
    /// Never: a test reads the compiled-in text.
    pub fn defaults() -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Own {
            appeals: Appeals,
            staff: Staff,
            assertions: Assertions,
            watch: watches::Config,
        }
        let Own { appeals, staff, assertions, watch } = toml::from_str(include_str!("../config.default.toml"))?;
        Ok(Self { appeals, staff, assertions, watch })
    }

    /// Checks what types can't say.
    ///
    /// # Errors
    /// Naming the key.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            PolicySet::builtin().calendar(&self.appeals.reopen_calendar).is_some(),
            "`appeals.reopen_calendar`: there is no such calendar"
        );
        anyhow::ensure!(
            self.appeals.reopen_within_working_days > 0,
            "`appeals.reopen_within_working_days` must be above 0"
        );
        anyhow::ensure!(!self.assertions.refresh.is_zero(), "`assertions.refresh` must be above 0");
        self.watch.check()?;
        self.appeals.catalogue().map(|_| ())
    }
}

impl Appeals {
    /// The categories.
    ///
    /// # Errors
    /// The file can't be read or is no catalogue.
    pub(crate) fn catalogue(&self) -> anyhow::Result<Catalogue> {
        let Some(path) = &self.catalogue_file else { return Ok(Catalogue::builtin().clone()) };
        let name = || format!("`appeals.catalogue_file` {}", path.display());
        let text = std::fs::read_to_string(path).with_context(name)?;
        Catalogue::parse(&text).with_context(name)
    }
}
