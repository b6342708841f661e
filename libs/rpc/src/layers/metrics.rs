//! Calls by method and code, their time, and how many are under way.

use std::sync::Arc;
use std::time::Instant;

use http::{Request, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tonic::body::Body;

use crate::code_name;
use crate::exemplar::{Exemplar, Latency};
use crate::layers::around::{Around, Inner, pass};
use crate::layers::ending::Ending;
use crate::methods::Methods;

/// Upper bounds in seconds: from one local transaction (milliseconds) to the longest default deadline.
pub(crate) const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    method: Arc<str>,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByMethod {
    method: Arc<str>,
}

/// The server's metrics, registered once per registry.
#[derive(Debug, Clone)]
pub struct ServerMetrics {
    calls: Family<Outcome, Counter>,
    seconds: Family<ByMethod, Latency, fn() -> Latency>,
    in_flight: Gauge,
}

impl ServerMetrics {
    /// Registers `rpc_server_calls`, `rpc_server_call_seconds` and `rpc_server_in_flight`.
    pub fn register(registry: &mut Registry) -> Self {
        let this = Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Latency::new(BUCKETS.into_iter())),
            in_flight: Gauge::default(),
        };
        registry.register("rpc_server_calls", "Calls served, by method and code", this.calls.clone());
        registry.register_with_unit("rpc_server_call", "Time to serve a call", Unit::Seconds, this.seconds.clone());
        registry.register("rpc_server_in_flight", "Calls being served", this.in_flight.clone());
        this
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub metrics: ServerMetrics,
    pub methods: Arc<Methods>,
}

impl Around for Measure {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let method = self.methods.label(request.uri().path());
        let began = Instant::now();
        // Now, since a stream may end outside its span.
        let exemplar = Exemplar::current();
        self.metrics.in_flight.inc();
        let metrics = self.metrics;
        let ending = Ending::new(move |code| {
            metrics.in_flight.dec();
            metrics.calls.get_or_create(&Outcome { method: Arc::clone(&method), code: code_name(code) }).inc();
            metrics.seconds.get_or_create(&ByMethod { method }).observe(began.elapsed().as_secs_f64(), exemplar, None);
        });
        ending.watch(pass(request, inner).await)
    }
}
