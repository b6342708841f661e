//! Calls made to peers: by peer, method and code, and their time.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

use crate::code_name;
use crate::exemplar::{Exemplar, Latency};
use crate::layers::BUCKETS;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    peer: Arc<str>,
    method: Arc<str>,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    peer: Arc<str>,
    method: Arc<str>,
}

/// The clients' metrics, registered once per registry and shared by the clients of all peers.
#[derive(Debug, Clone)]
pub struct ClientMetrics {
    calls: Family<Outcome, Counter>,
    seconds: Family<Target, Latency, fn() -> Latency>,
}

impl ClientMetrics {
    /// Registers `rpc_client_calls` and `rpc_client_call_seconds`.
    pub fn register(registry: &mut Registry) -> Self {
        let seconds = || Latency::new(BUCKETS.into_iter());
        let this = Self { calls: Family::default(), seconds: Family::new_with_constructor(seconds) };
        registry.register("rpc_client_calls", "Calls to peers, by method and code", this.calls.clone());
        registry.register_with_unit(
            "rpc_client_call",
            "Time of a call to a peer, retries included",
            Unit::Seconds,
            this.seconds.clone(),
        );
        this
    }

    pub(super) fn record(&self, peer: &Arc<str>, method: &Arc<str>, code: Code, took: Duration) {
        let (peer, method) = (Arc::clone(peer), Arc::clone(method));
        let outcome = Outcome { peer: Arc::clone(&peer), method: Arc::clone(&method), code: code_name(code) };
        self.calls.get_or_create(&outcome).inc();
        self.seconds.get_or_create(&Target { peer, method }).observe(took.as_secs_f64(), Exemplar::current(), None);
    }
}
