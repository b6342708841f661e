//! W3C Trace Context in and out: `traceparent` of calls, and of work that waits in the outbox.

use std::collections::HashMap;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header of the parent span.
pub const HEADER: &str = "traceparent";

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// The context a call came with; the empty one when it brought none.
pub(crate) fn read(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

/// The `traceparent` of the current span, to be stored beside work that continues later; `None` when nothing is traced.
pub fn current() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut carrier);
    carrier.remove(HEADER)
}

/// The span that a `traceparent` names; nothing when it is malformed.
pub(crate) fn parse(traceparent: &str) -> Option<SpanContext> {
    let context = extract(traceparent);
    context.has_active_span().then(|| context.span().span_context().clone())
}

/// Links `span`, which begins a trace of its own, to a stored `traceparent`; nothing when it is malformed or nothing is traced.
pub fn link(span: &tracing::Span, traceparent: &str) {
    if let Some(cause) = parse(traceparent) {
        span.add_link(cause);
    }
}

fn extract(traceparent: &str) -> Context {
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// Makes `span` a child of a stored `traceparent`; nothing when it is malformed or nothing is traced.
pub fn join(span: &tracing::Span, traceparent: &str) {
    // Fails when no OpenTelemetry layer is installed; then there is no trace to join.
    let _ = span.set_parent(extract(traceparent));
}
