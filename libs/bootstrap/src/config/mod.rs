//! Configuration: one merged table, split between what all services share and what is the service's own.
//!
//! Nothing here binds or connects: a configuration is data (it can be checked and printed), and [`crate::run`] makes the
//! service from it.

mod check;
mod common;
mod error;
mod layers;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

use config::{Map, Value, ValueKind};
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    common::{
        AdminConfig, Common, GrpcConfig, KeysConfig, LifecycleConfig, LogFormat, MigrateConfig, PeerConfig,
        TelemetryConfig, TokenConfig,
    },
    error::ConfigError,
    layers::Layers,
    secret::{REDACTED, Secret},
};
/// Durations as people write them (`5s`, `250ms`, `1h 30m`): `#[serde(with = "bootstrap::config::span::required")]` on a
/// `std::time::Duration`, `span::optional` on an `Option` of one.
pub use jiff::fmt::serde::unsigned_duration::friendly::compact as span;

/// The whole configuration of a service.
#[derive(Clone, Debug)]
pub struct Settings<C> {
    /// The sections every service has.
    pub common: Common,
    /// All other sections.
    pub service: C,
}

// === impl Settings ===

impl<C: DeserializeOwned> Settings<C> {
    fn split(merged: Map<String, Value>) -> Result<Self, ConfigError> {
        let (shared, own): (Map<_, _>, Map<_, _>) =
            merged.into_iter().partition(|(key, _)| Common::SECTIONS.contains(&key.as_str()));
        Ok(Self { common: read(&shared)?, service: read(&own)? })
    }
}

impl<C: Serialize> Settings<C> {
    /// The effective configuration as TOML, secrets and the logins in URLs redacted.
    ///
    /// # Errors
    /// The service's part can't be written as TOML (a key that is no string, a number above 2^63).
    pub fn print(&self) -> Result<String, ConfigError> {
        let unprintable = |error: toml::ser::Error| ConfigError::new(format!("can't print: {error}"));
        let mut table = toml::Table::try_from(&self.common).map_err(unprintable)?;
        table.extend(toml::Table::try_from(&self.service).map_err(unprintable)?);
        table.iter_mut().for_each(|(_, value)| secret::redact_logins(value));
        toml::to_string_pretty(&table).map_err(unprintable)
    }
}

fn read<T: DeserializeOwned>(table: &Map<String, Value>) -> Result<T, ConfigError> {
    let value = Value::new(None, ValueKind::Table(table.clone()));
    value.try_deserialize().map_err(|cause| ConfigError::unfit(&cause, table))
}
