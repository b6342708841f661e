//! Traces over OTLP.

use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};

use crate::config::TelemetryConfig;

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
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_share)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("otklik");
    Ok(Some((provider, tracer)))
}
