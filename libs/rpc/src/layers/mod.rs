//! What happens around every call, in this order from the outside in. Each place has its reason:
//!
//! ```text
//! trace       outermost: whatever is refused below still has its span, in the caller's trace
//! request_id  before anything that can refuse, so that every answer carries the id
//! metrics     sees every refusal below, also those of admission and of bad tokens
//! drain       a call that got this far is waited for when the server stops
//! deadline    hopeless work is turned away before it costs anything; what is below is cut when time is up
//! admission   before tokens: checking a signature is the first thing that costs
//! caller      token -> caller, access table; removes the token, so nothing below can leak it
//! panics      innermost: a bug in a handler is one INTERNAL, not a broken connection for its neighbours
//! ```

mod admission;
mod around;
mod caller;
mod deadline;
mod drain;
mod ending;
pub(crate) mod grpc_timeout;
mod metrics;
mod panics;
mod request_id;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tower::Layer;

use crate::access::Access;
use crate::auth::Verifier;
use crate::methods::Methods;

pub use deadline::Deadline;
pub use metrics::ServerMetrics;

pub(crate) use around::Inner;
pub(crate) use metrics::BUCKETS;

/// What the layers need.
#[derive(Debug, Clone)]
pub(crate) struct LayerParts {
    pub domain: &'static str,
    pub methods: Arc<Methods>,
    pub access: Arc<Access>,
    pub verifier: Arc<Verifier>,
    pub metrics: ServerMetrics,
    pub open_calls: TaskTracker,
    pub max_in_flight: usize,
    pub default_deadline: Duration,
    pub max_deadline: Duration,
}

/// Puts the layers around the routes; the order above is made here and nowhere else.
pub(crate) fn stack(parts: LayerParts, routes: Routes) -> impl Inner {
    let LayerParts { domain, methods, access, verifier, metrics, open_calls, .. } = parts;
    let admitted = Arc::new(Semaphore::new(parts.max_in_flight));
    let service = around::layer(panics::Panics { domain }).layer(routes);
    let service = around::layer(caller::Authenticate { domain, verifier, access }).layer(service);
    let service = around::layer(admission::Admission { domain, admitted }).layer(service);
    let deadline = deadline::Cut { domain, default: parts.default_deadline, longest: parts.max_deadline };
    let service = around::layer(deadline).layer(service);
    let service = around::layer(drain::Drain { open_calls }).layer(service);
    let service = around::layer(metrics::Measure { metrics, methods: Arc::clone(&methods) }).layer(service);
    let service = around::layer(request_id::Identify).layer(service);
    around::layer(trace::Trace { methods }).layer(service)
}
