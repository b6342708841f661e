//! Exemplars: with each bucket of a latency histogram, the trace of one call that fell into it, so that a person gets from "slow" to
//! "this one was slow". Only traces that are recorded are named.

use opentelemetry::trace::{SpanContext, TraceContextExt};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::trace_context;

/// A histogram of latencies whose buckets name traces.
pub type Latency = HistogramWithExemplars<Exemplar>;

/// What a bucket names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Exemplar {
    trace_id: String,
}

// === impl Exemplar ===

impl Exemplar {
    /// The current span's trace; `None` when it is not recorded.
    pub fn current() -> Option<Self> {
        Self::recorded(tracing::Span::current().context().span().span_context())
    }

    /// The trace of a stored `traceparent`; `None` when it is not recorded.
    pub fn of(traceparent: &str) -> Option<Self> {
        Self::recorded(&trace_context::parse(traceparent)?)
    }

    fn recorded(span: &SpanContext) -> Option<Self> {
        (span.is_valid() && span.is_sampled()).then(|| Self { trace_id: span.trace_id().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_recorded_is_named() {
        let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".to_owned();
        let of = |flags: &str| Exemplar::of(&format!("00-{trace_id}-00f067aa0ba902b7-{flags}"));
        assert_eq!(of("01"), Some(Exemplar { trace_id: trace_id.clone() }));
        assert_eq!(of("00"), None);
        assert_eq!(Exemplar::of("nonsense"), None);
        assert_eq!(Exemplar::current(), None, "nothing is traced here");
    }
}
