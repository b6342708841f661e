//! One span per call, in the caller's trace (W3C Trace Context). It names the method and the code, never the message.

use std::sync::Arc;

use http::{Request, Response};
use opentelemetry::trace::TraceContextExt;
use tonic::body::Body;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::code_name;
use crate::layers::around::{Around, Inner, pass};
use crate::layers::ending::Ending;
use crate::methods::Methods;
use crate::trace_context;

#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub methods: Arc<Methods>,
}

impl Around for Trace {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let method = self.methods.label(request.uri().path());
        let span = tracing::info_span!(
            "call",
            otel.name = %method,
            otel.kind = "server",
            rpc.system = "grpc",
            rpc.method = %method,
            code = tracing::field::Empty,
            request_id = tracing::field::Empty,
            trace_id = tracing::field::Empty,
        );
        let parent = trace_context::read(request.headers());
        let trace_id = parent.span().span_context().trace_id();
        if parent.has_active_span() {
            span.record("trace_id", tracing::field::display(trace_id));
        }
        // Fails when no OpenTelemetry layer is installed; then there is no trace to join.
        let _ = span.set_parent(parent);
        let ended = span.clone();
        let ending = Ending::new(move |code| {
            ended.record("code", code_name(code));
        });
        let response = pass(request, inner).instrument(span).await;
        ending.watch(response)
    }
}
