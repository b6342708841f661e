//! The layers of the configuration and their merging.
//!
//! ```text
//!  libs/bootstrap/common.default.toml    what all services share
//!  <service>/config.default.toml         the service's own, and where it differs from the shared
//!  preset                                values from code: the all-in-one's ports, a test's database
//!  --config PATH                         a file, or the *.toml of a folder by order of their names
//!  OTKLIK_<SERVICE>__SECTION__KEY        wins
//! ```

use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Map, Source, Value, ValueKind};

use super::{ConfigError, Settings};
use crate::Service;

const COMMON: &str = include_str!("../../common.default.toml");

/// The layers above the compiled-in defaults, before they are merged.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    preset: Vec<(String, toml::Value)>,
    file: Option<PathBuf>,
    environment: Vec<(String, String)>,
    filter: Option<String>,
}

/// Environment variables of one service as a source of the `config` crate. Its own `Environment` does not say which
/// variable a value came from, and can't hold lists.
#[derive(Clone, Debug)]
struct Variables(Vec<(String, String, String)>);

// === impl Layers ===

impl Layers {
    /// Sets a key (`grpc.listen`) below the file and the environment: a default chosen by code.
    #[must_use]
    pub fn preset(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.preset.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a configuration file, or a folder of them: its `*.toml`, each above those whose names come before its own. So a base
    /// and what differs from it in one place can be files of two owners.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_owned);
        self
    }

    /// Sets the log filter above everything: `RUST_LOG`, which people know better than our own variable.
    #[must_use]
    pub fn filter(mut self, filter: &str) -> Self {
        self.filter = Some(filter.to_owned());
        self
    }

    /// Adds environment variables; those of other services and programs are passed over.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Merges the layers and gives every section to its owner.
    ///
    /// # Errors
    /// Unknown or missing key, wrong type, unreadable file; the text names the key and where it came from. Or values that don't
    /// go together: all of them. What a start needs besides is looked for by the start.
    pub fn load<S: Service>(&self) -> Result<Settings<S::Config>, ConfigError> {
        let settings = self.read::<S>()?;
        settings.agrees::<S>()?;
        Ok(settings)
    }

    /// [`Layers::load`] before anything is compared.
    pub(crate) fn read<S: Service>(&self) -> Result<Settings<S::Config>, ConfigError> {
        Settings::split(self.merge::<S>()?)
    }

    fn merge<S: Service>(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut builder = Config::builder()
            .add_source(File::from_str(COMMON, FileFormat::Toml))
            .add_source(File::from_str(S::DEFAULTS, FileFormat::Toml));
        for (key, value) in &self.preset {
            builder = builder.add_source(Variables(vec![(key.clone(), text(value), "the program".to_owned())]));
        }
        for path in self.file.iter().map(|path| files(path)).collect::<Result<Vec<_>, _>>()?.concat() {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        builder = builder.add_source(Variables::of(S::NAME, &self.environment));
        if let Some(filter) = &self.filter {
            let key = "telemetry.filter".to_owned();
            builder = builder.add_source(Variables(vec![(key, filter.clone(), "RUST_LOG".to_owned())]));
        }
        let merged = builder.build().map_err(|cause| ConfigError::unreadable(&cause))?;
        merged.collect().map_err(|cause| ConfigError::unreadable(&cause))
    }
}

// === impl Variables ===

impl Variables {
    /// The variables `OTKLIK_<SERVICE>__A__B` as keys `a.b`. A single underscore after the service's name is not ours:
    /// Kubernetes sets such variables for every Service it knows (`OTKLIK_TICKET_SERVICE_HOST`).
    fn of(service: &str, environment: &[(String, String)]) -> Self {
        let prefix = variable(service, "");
        let ours = environment.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(&prefix)?.to_lowercase().replace("__", ".");
            Some((key, value.clone(), format!("the environment variable {name}")))
        });
        Self(ours.collect())
    }
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let parse = |(key, text, origin): &(String, String, String)| (key.clone(), value(text, origin));
        Ok(self.0.iter().map(parse).collect())
    }
}

/// The files at `path`. A folder without any is a mount that went wrong.
fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unusable = |what: &dyn std::fmt::Display| ConfigError::new(format!("--config {}: {what}", path.display()));
    let entries = path.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| unusable(&error.kind()))?;
    let mut found: Vec<_> = entries.into_iter().map(|it| it.path()).collect();
    found.retain(|it| it.extension().is_some_and(|it| it == "toml"));
    found.sort();
    if found.is_empty() { Err(unusable(&"no *.toml in this folder")) } else { Ok(found) }
}

/// The environment variable that sets `key` of a service.
pub(super) fn variable(service: &str, key: &str) -> String {
    let (service, key) = (service.replace('-', "_"), key.replace('.', "__"));
    format!("OTKLIK_{service}__{key}").to_uppercase()
}

/// A list is written as in TOML (`["a", "b"]`); everything else is text, which the `config` crate turns into the number or
/// boolean that is asked for. Guessing types here would make a password of digits a number.
fn value(written: &str, origin: &str) -> Value {
    let origin = origin.to_owned();
    let list = || format!("list = {written}").parse::<toml::Table>().ok()?.remove("list");
    let kind = match written.starts_with('[').then(list).flatten() {
        Some(toml::Value::Array(items)) => {
            let item = |it| Value::new(Some(&origin), ValueKind::String(text(it)));
            ValueKind::Array(items.iter().map(item).collect())
        }
        _ => ValueKind::String(written.to_owned()),
    };
    Value::new(Some(&origin), kind)
}

/// Text that [`value`] and the `config` crate read back as the same value.
fn text(it: &toml::Value) -> String {
    it.as_str().map_or_else(|| it.to_string(), str::to_owned)
}
