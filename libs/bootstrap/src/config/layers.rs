//! The layers of the configuration and their merging.
//!
//! ```text
//!  libs/bootstrap/common.default.toml    what all services share
//!  <service>/config.default.toml         the service's own, and where it differs from the shared
//!  preset                                values from code: the all-in-one's ports, a test's database
//!  --config FILE
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

    /// Adds a configuration file.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_owned);
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
    /// Unknown or missing key, wrong type, unreadable file; the text names the key and where it came from.
    pub fn load<S: Service>(&self) -> Result<Settings<S::Config>, ConfigError> {
        let settings = Settings::split(self.merge::<S>()?, S::PEERS)?;
        S::check(&settings.service).map_err(|error| ConfigError::new(format!("{error:#}")))?;
        Ok(settings)
    }

    fn merge<S: Service>(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut builder = Config::builder()
            .add_source(File::from_str(COMMON, FileFormat::Toml))
            .add_source(File::from_str(S::DEFAULTS, FileFormat::Toml));
        for (key, value) in &self.preset {
            builder = builder.add_source(Variables(vec![(
                key.clone(),
                // As TOML text, which `value` reads back with its type.
                value.to_string(),
                "the program".to_owned(),
            )]));
        }
        if let Some(path) = &self.file {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        builder = builder.add_source(Variables::of(S::NAME, &self.environment));
        let merged = builder.build().map_err(ConfigError::unreadable)?;
        merged.collect().map_err(ConfigError::unreadable)
    }
}

// === impl Variables ===

impl Variables {
    /// The variables `OTKLIK_<SERVICE>__A__B` as keys `a.b`. A single underscore after the service's name is not ours:
    /// Kubernetes sets such variables for every Service it knows (`OTKLIK_TICKET_SERVICE_HOST`).
    fn of(service: &str, environment: &[(String, String)]) -> Self {
        let prefix = format!("OTKLIK_{}__", service.to_uppercase().replace('-', "_"));
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

/// A list is written as in TOML (`["a", "b"]`); everything else is text, which the `config` crate turns into the number or
/// boolean that is asked for. Guessing types here would make a password of digits a number.
fn value(text: &str, origin: &str) -> Value {
    let origin = origin.to_owned();
    if text.starts_with('[') {
        if let Ok(table) = format!("list = {text}").parse::<toml::Table>() {
            if let Some(toml::Value::Array(items)) = table.get("list") {
                let items = items.iter().map(|it| Value::new(Some(&origin), scalar(it))).collect::<Vec<_>>();
                return Value::new(Some(&origin), ValueKind::Array(items));
            }
        }
    }
    Value::new(Some(&origin), ValueKind::String(text.to_owned()))
}

fn scalar(it: &toml::Value) -> ValueKind {
    match it {
        toml::Value::String(text) => ValueKind::String(text.clone()),
        other => ValueKind::String(other.to_string()),
    }
}
