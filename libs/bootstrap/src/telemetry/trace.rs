//! Traces over OTLP.
//!
//! ```text
//! citizen ── FileAppeal ── transaction ─┬─ deliver TrackDeadline ── TrackDeadline ── transaction
//!                                       ├─ deliver SendNotification, attempt 1: lost
//!                                       └─ deliver SendNotification, attempt 2 ── SendNotification ── transaction ─┐
//!                ┌───────────────────────────────────────────────────────────────────────────────────────────────┘
//!                ├─ dispatch, attempt 1 ─── send: refused for now
//!                └─ dispatch, attempt 2 ─┬─ send: accepted
//!                                        └─ transaction ── deliver RecordNoticeOutcome ── ...
//!
//! rung, linked to TrackDeadline's transaction ── deliver EscalateAppeal ─┬─ EscalateAppeal ── transaction
//!                                                                        └─ deliver SendNotification ── ... ── send
//! ```
//!
//! What goes on later, in another process, is a child of the span that wrote it: its `traceparent` lies in the row. So a trace lasts as long as
//! its messages are under way. A rung that fires does so because time passed, perhaps weeks after the call: it begins a trace of its own with
//! a link to the call that set the due time, and follows that one's choice of being recorded.
//!
//! Spans name methods, transactions, ids and outcomes, never what a person wrote or where they can be reached.

use opentelemetry::{
    Context as TraceContext, KeyValue, global,
    trace::{Link, SpanKind, TraceId, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample},
};
use store::TRACE_ONLY;
use tracing::{Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::{
    filter::dynamic_filter_fn,
    layer::{Context, Filter},
    registry::LookupSpan,
};

use super::{SERVICE_SPAN, cap};
use crate::config::TelemetryConfig;

/// Decides like the trace that is linked to; without one, by itself.
#[derive(Clone, Debug)]
pub(super) struct AsLinked(pub(super) Sampler);

/// What goes into traces. Spans for traces alone need a span around them: a loop that looks every second would otherwise begin
/// a trace with each look.
pub(super) fn filter<S>() -> impl Filter<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let allows = |it: &Metadata<'_>| cap::traces(it) && it.name() != SERVICE_SPAN;
    dynamic_filter_fn(move |it, context: &Context<'_, S>| {
        allows(it) && (it.target() != TRACE_ONLY || context.lookup_current().is_some())
    })
    .with_callsite_filter(move |it| match it.target() {
        _ if !allows(it) => Interest::never(),
        TRACE_ONLY => Interest::sometimes(),
        _ => Interest::always(),
    })
}

/// The provider, which must be shut down to send what it still holds, and the tracer for the subscriber. `None` without
/// an endpoint. Must be called inside a Tokio runtime: the exporter's connection lives there.
pub(super) fn provider(
    config: &TelemetryConfig,
    service: &str,
) -> anyhow::Result<Option<(SdkTracerProvider, SdkTracer)>> {
    // W3C trace context in and out, also when this process records nothing itself.
    global::set_text_map_propagator(TraceContextPropagator::new());
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(format!("otklik-{service}")).build();
    let sampler = Sampler::ParentBased(Box::new(AsLinked(Sampler::TraceIdRatioBased(config.trace_share))));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("otklik");
    Ok(Some((provider, tracer)))
}

// === impl AsLinked ===

impl ShouldSample for AsLinked {
    fn should_sample(
        &self,
        parent: Option<&TraceContext>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self.0.should_sample(parent, trace_id, name, kind, attributes, links);
        if !links.is_empty() {
            let is_recorded = links.iter().any(|link| link.span_context.is_sampled());
            result.decision = if is_recorded { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        }
        result
    }
}
