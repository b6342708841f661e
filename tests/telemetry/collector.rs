//! The collector of this process: one, because telemetry is installed once; a test finds what is its own by the trace's id.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bootstrap::config::{LogFormat, TelemetryConfig};
use bootstrap::telemetry::{self, Telemetry};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// How long spans may take to arrive: the answer to a call comes a little before the end of its span.
const PATIENCE: Duration = Duration::from_secs(60);

static COLLECTOR: LazyLock<Collector> = LazyLock::new(Collector::start);

struct Collector {
    spans: Received,
    telemetry: Telemetry,
    /// A test's own runtime ends with it, and the exporter's connection would, too.
    runtime: Runtime,
}

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans = resources.flat_map(|it| it.scope_spans).flat_map(|it| it.spans);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Everything that has arrived so far.
pub fn all() -> Vec<Span> {
    COLLECTOR.spans.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Installs telemetry, unless a test of this process has.
pub fn listen() {
    LazyLock::force(&COLLECTOR);
}

/// The spans of which `wanted` holds, once there are so many.
pub async fn until(count: usize, wanted: impl Fn(&Span) -> bool) -> Vec<Span> {
    let mut found = Vec::new();
    let arrived = async {
        loop {
            let flushed = COLLECTOR.runtime.spawn(COLLECTOR.telemetry.flush());
            flushed.await.expect("no panic").expect("the collector takes everything");
            found = all().into_iter().filter(&wanted).collect::<Vec<_>>();
            if found.len() >= count {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
        panic!("{} of {count} spans:\n{}", found.len(), crate::tree::flat(&found));
    }
    found
}

/// A trace that began elsewhere: its id, and the citizen's span.
pub struct Outside {
    pub trace_id: String,
    pub span_id: String,
}

// === impl Outside ===

impl Outside {
    pub fn new() -> Self {
        let id = Uuid::new_v4().simple().to_string();
        Self { span_id: id[16..].to_owned(), trace_id: Uuid::new_v4().simple().to_string() }
    }

    /// A request that comes from there.
    pub fn request<T>(&self, message: T, is_recorded: bool) -> Request<T> {
        let flags = if is_recorded { "01" } else { "00" };
        let header = format!("00-{}-{}-{flags}", self.trace_id, self.span_id);
        let mut request = Request::new(message);
        request.metadata_mut().insert("traceparent", header.parse().expect("a header"));
        request
    }

    /// Whether a span belongs to it.
    pub fn has(&self, span: &Span) -> bool {
        crate::tree::hex(&span.trace_id) == self.trace_id
    }
}

// === impl Collector ===

impl Collector {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let spans = Received::default();
        let service = TraceServiceServer::new(spans.clone());
        let bound = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        bound.set_nonblocking(true).expect("a listener");
        let endpoint = format!("http://{}", bound.local_addr().expect("bound"));
        let inside = runtime.enter();
        let incoming = TcpListenerStream::new(TcpListener::from_std(bound).expect("a listener"));
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        let config = TelemetryConfig {
            filter: "error".to_owned(),
            format: LogFormat::Json,
            otlp_endpoint: Some(endpoint),
            // Of traces that begin here; those that begin outside follow their beginning.
            trace_share: 1.0,
        };
        let telemetry = telemetry::init(&config, "suite").expect("nobody else has installed any");
        // Its panic hook withholds the text, which a failing test has to show.
        drop(std::panic::take_hook());
        drop(inside);
        Self { spans, telemetry, runtime }
    }
}
