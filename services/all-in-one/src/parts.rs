//! The four services, as the all-in-one knows them.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use bootstrap::config::Layers;
use bootstrap::{Overrides, Prepared, Service};
use identity_verification::Service as Identity;
use sqlx::migrate::Migrator;

use crate::place::{Messages, Place, typed};

/// A service of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Appeals.
    Ticket,
    /// Who somebody is.
    Identity,
    /// Messages.
    Notification,
    /// Deadlines.
    Sla,
}

// === impl Part ===

impl Part {
    /// In the order of their ports.
    pub const ALL: [Self; 4] = [Self::Ticket, Self::Identity, Self::Notification, Self::Sla];

    /// The name in `--only`, in peers, and of the service's token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticket => ticket::Service::NAME,
            Self::Identity => Identity::NAME,
            Self::Notification => notification::Service::NAME,
            Self::Sla => sla_monitor::Service::NAME,
        }
    }

    /// Its schema.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Ticket => ticket::Service::SCHEMA,
            Self::Identity => Identity::SCHEMA,
            Self::Notification => notification::Service::SCHEMA,
            Self::Sla => sla_monitor::Service::SCHEMA,
        }
    }

    /// Its gRPC and its operators' port on loopback.
    pub fn ports(self) -> (u16, u16) {
        match self {
            Self::Ticket => (50051, 9101),
            Self::Identity => (50052, 9102),
            Self::Notification => (50053, 9103),
            Self::Sla => (50054, 9104),
        }
    }

    /// Whom it calls.
    pub fn peers(self) -> &'static [&'static str] {
        match self {
            Self::Ticket => ticket::Service::PEERS,
            Self::Identity => Identity::PEERS,
            Self::Notification => notification::Service::PEERS,
            Self::Sla => sla_monitor::Service::PEERS,
        }
    }

    /// What its schema is made by.
    pub fn migrations(self) -> Vec<&'static Migrator> {
        match self {
            Self::Ticket => ticket::Service::migrations(),
            Self::Identity => Identity::migrations(),
            Self::Notification => notification::Service::migrations(),
            Self::Sla => sla_monitor::Service::migrations(),
        }
    }

    /// What a person should know of it, by its effective configuration.
    ///
    /// # Errors
    /// A configuration that does not fit.
    pub fn place(self, layers: &Layers) -> Result<Place> {
        let (common, messages) = match self {
            Self::Ticket => (layers.load::<ticket::Service>()?.common, None),
            Self::Identity => (layers.load::<Identity>()?.common, None),
            Self::Notification => {
                let settings = layers.load::<notification::Service>()?;
                (settings.common, Some(Messages::of(&settings.service)))
            }
            Self::Sla => (layers.load::<sla_monitor::Service>()?.common, None),
        };
        let listen = (common.grpc.listen, common.admin.listen);
        Ok(Place { part: self, listen, grpc: typed(listen.0), admin: typed(listen.1), messages })
    }

    /// Runs it as `otklik <service> serve` would, until the stopper is cancelled.
    ///
    /// # Errors
    /// Those of [`bootstrap::run`], and a configuration that does not fit.
    pub async fn run(self, layers: &Layers, overrides: Overrides) -> Result<()> {
        match self {
            Self::Ticket => bootstrap::run::<ticket::Service>(layers.load::<ticket::Service>()?, overrides).await,
            Self::Identity => bootstrap::run::<Identity>(layers.load::<Identity>()?, overrides).await,
            Self::Notification => {
                bootstrap::run::<notification::Service>(layers.load::<notification::Service>()?, overrides).await
            }
            Self::Sla => {
                bootstrap::run::<sla_monitor::Service>(layers.load::<sla_monitor::Service>()?, overrides).await
            }
        }
    }

    /// Builds it without running anything: tests step its loops by hand.
    ///
    /// # Errors
    /// Those of [`bootstrap::prepare`], and a configuration that does not fit.
    pub async fn prepare(self, layers: &Layers, overrides: Overrides) -> Result<Prepared> {
        match self {
            Self::Ticket => bootstrap::prepare::<ticket::Service>(layers.load::<ticket::Service>()?, overrides).await,
            Self::Identity => bootstrap::prepare::<Identity>(layers.load::<Identity>()?, overrides).await,
            Self::Notification => {
                bootstrap::prepare::<notification::Service>(layers.load::<notification::Service>()?, overrides).await
            }
            Self::Sla => {
                bootstrap::prepare::<sla_monitor::Service>(layers.load::<sla_monitor::Service>()?, overrides).await
            }
        }
    }
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|part| part.name() == name) {
            Some(part) => Ok(part),
            None => bail!("there is no service `{name}`; there are ticket, identity, notification, sla"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
