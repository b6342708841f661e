//! What a service hands to the bootstrap: its name, its data files, and how to build it.

use std::{fmt, future::Future};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Context, Loop};

/// A service of the suite. The implementation is a unit struct in the service's `lib.rs`, and reads as the list of what
/// the service is made of; everything that all services do alike is done around it by [`crate::run`].
pub trait Service: Send + Sync + 'static {
    /// Lower case, words joined by `-`: the name in logs, metrics and traces, and, upper-cased with `_`, the middle
    /// of the environment variables: `notification` reads `OTKLIK_NOTIFICATION__…`.
    const NAME: &'static str;
    /// The schema of this service; its role is `otklik_<schema>`.
    const SCHEMA: &'static str;
    /// The domain of ErrorInfo (contracts rule 11), fixed per service: `ticket.otklik`.
    const DOMAIN: &'static str;
    /// `config.default.toml`, compiled in: the manual of the service's configuration.
    const DEFAULTS: &'static str;
    /// `access.toml`, compiled in: who may call which RPC.
    const ACCESS: &'static str;
    /// The peers this service calls. Each needs a `[peers.<name>]` section; any other peer in the configuration is refused.
    const PEERS: &'static [&'static str];

    /// The service's own part of the configuration: every section that is not in [`crate::config::Common`].
    /// Must carry `#[serde(deny_unknown_fields)]` at every level; `Serialize` is for `--print-config`, so secrets are
    /// [`crate::config::Secret`].
    type Config: DeserializeOwned + Serialize + fmt::Debug + Clone + Send + Sync + 'static;

    /// The migrations of this service in the order of their application, the outbox's among them.
    fn migrations() -> Vec<&'static sqlx::migrate::Migrator>;

    /// Checks what types can't say: that two settings agree, that a share is below one. Runs for `--check-config`.
    ///
    /// # Errors
    /// The text is shown to the operator and must name the key.
    fn check(_config: &Self::Config) -> anyhow::Result<()> {
        Ok(())
    }

    /// Makes the service out of its context and configuration. Nothing may run yet: no task is spawned, no
    /// connection accepted; work goes into [`Parts::loops`].
    fn build(ctx: &Context, config: Self::Config) -> impl Future<Output = anyhow::Result<Parts>> + Send;
}

/// What a service is made of.
pub struct Parts {
    /// The gRPC services, to be put behind the layers.
    pub routes: tonic::service::Routes,
    /// The full names of those services (`otklik.ticket.v1.TicketService`), for health and the access table.
    pub services: Vec<&'static str>,
    /// What runs in the background.
    pub loops: Vec<Loop>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("services", &self.services).field("loops", &self.loops).finish_non_exhaustive()
    }
}
