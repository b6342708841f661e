//! The services that a service calls.

use std::{collections::BTreeMap, fmt, sync::Arc};

use anyhow::anyhow;
use outbox::Deliver;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, MethodTable, Methods};

use crate::{Metrics, config::Common};

/// Puts something around the way to a peer: tests lose requests and answers there. Given the peer's name.
pub type AroundDeliver = Arc<dyn Fn(&'static str, Arc<dyn Deliver>) -> Arc<dyn Deliver> + Send + Sync>;

/// One client per peer, made at the start; nothing connects before the first call. Cheap to clone.
#[derive(Clone)]
pub struct Peers {
    clients: Arc<BTreeMap<&'static str, Client>>,
    around: Option<AroundDeliver>,
}

// === impl Peers ===

impl Peers {
    /// Clients of `names`, each configured by its `[peers.<name>]`.
    pub(crate) fn new(
        names: &'static [&'static str],
        config: &Common,
        metrics: &Metrics,
        around: Option<AroundDeliver>,
    ) -> anyhow::Result<Self> {
        let methods = Arc::new(Methods::read(&[proto::FILE_DESCRIPTOR_SET])?);
        let table = Arc::new(MethodTable::read(METHODS, methods)?);
        let metrics = metrics.with(ClientMetrics::register);
        let mut clients = BTreeMap::new();
        for name in names {
            let peer = config.peers.get(*name).ok_or_else(|| anyhow!("the peer `{name}` is not configured"))?;
            let token = config.token.file.as_ref().ok_or_else(|| anyhow!("`token.file` is needed to call `{name}`"))?;
            let mut settings = ClientConfig::new(&peer.url, token);
            settings.tls_ca.clone_from(&peer.tls_ca);
            settings.connect_timeout = peer.connect_timeout;
            clients.insert(*name, Client::new(name, &settings, Arc::clone(&table), metrics.clone())?);
        }
        Ok(Self { clients: Arc::new(clients), around })
    }

    /// The names of all peers.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.clients.keys().copied()
    }

    /// The client of a peer, for calls that wait for their answer.
    ///
    /// # Errors
    /// `name` is not among [`crate::Service::PEERS`].
    pub fn client(&self, name: &str) -> anyhow::Result<Client> {
        self.clients.get(name).cloned().ok_or_else(|| anyhow!("`{name}` is not a peer of this service"))
    }

    /// The way the outbox takes to a peer.
    ///
    /// # Errors
    /// `name` is not among [`crate::Service::PEERS`].
    pub fn deliver(&self, name: &'static str) -> anyhow::Result<Arc<dyn Deliver>> {
        let client: Arc<dyn Deliver> = Arc::new(self.client(name)?);
        Ok(match &self.around {
            Some(around) => around(name, client),
            None => client,
        })
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
