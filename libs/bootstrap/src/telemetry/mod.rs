//! Logs and traces of the process.
//!
//! Set up once, by `main`: the all-in-one runs four services under one subscriber, and tests under none. Lines go to
//! standard error, so that what a command prints stays clean. Each service's own lines carry `service`.

mod cap;
mod panic;
#[cfg(test)]
mod tests;
mod trace;

use std::io::{self, IsTerminal as _};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{LogFormat, TelemetryConfig};

/// The span that marks a service's start and loops in logs. It lives as long as the service, so it is kept out of
/// traces: every request would otherwise hang below it in one endless trace.
pub(crate) const SERVICE_SPAN: &str = "service";

/// Keeps telemetry alive; shut it down last.
#[derive(Debug)]
#[must_use = "traces still held are lost unless `shutdown` is called"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Installs the process's logs, traces and panic hook. `service` names the process in traces. Call inside a Tokio runtime.
///
/// # Errors
/// The filter or the OTLP endpoint can't be used, or telemetry was installed already.
pub fn init(config: &TelemetryConfig, service: &str) -> anyhow::Result<Telemetry> {
    let traces = trace::provider(config, service)?;
    let (provider, tracer) = traces.unzip();
    let spans = tracer.map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer).with_filter(trace::filter()));
    let subscriber = logs(config, io::stderr, io::stderr().is_terminal())?.with(spans);
    subscriber.try_init()?;
    panic::hook();
    Ok(Telemetry { provider })
}

/// A subscriber that writes log lines to `writer`, with the same cap as in production: for tests that look into logs.
///
/// # Errors
/// The filter can't be used.
pub fn logs<W>(
    config: &TelemetryConfig,
    writer: W,
    terminal: bool,
) -> anyhow::Result<impl Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync + use<W>>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let layer: Box<dyn Layer<Registry> + Send + Sync> = if json {
        fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(writer).boxed()
    } else {
        fmt::layer().with_ansi(terminal).with_writer(writer).boxed()
    };
    Ok(tracing_subscriber::registry().with(layer.with_filter(filter(config)?)))
}

/// Whether a filter can be parsed.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::builder().parse(filter).map(drop).map_err(|error| error.to_string())
}

/// The configured filter under the cap: what lines are made of. Traces are not narrowed by it: whoever wants few lines may
/// still want every trace.
///
/// # Errors
/// The filter can't be used.
pub fn filter<S>(
    config: &TelemetryConfig,
) -> anyhow::Result<impl tracing_subscriber::layer::Filter<S> + Send + Sync + use<S>>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    Ok(EnvFilter::builder().parse(&config.filter)?.and(filter_fn(cap::allows)))
}

/// What goes into traces besides what lines are made of, for whoever listens in place of a collector.
pub fn traced<S>() -> impl tracing_subscriber::layer::Filter<S> + Send + Sync
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    trace::filter()
}

// === impl Telemetry ===

impl Telemetry {
    /// Sends what is held now, and goes on.
    ///
    /// # Errors
    /// The collector did not take it.
    pub async fn flush(&self) -> anyhow::Result<()> {
        let Some(provider) = self.provider.clone() else { return Ok(()) };
        // As in `shutdown`.
        tokio::task::spawn_blocking(move || provider.force_flush()).await??;
        Ok(())
    }

    /// Sends what is still held, for at most 5 s.
    pub async fn shutdown(self) {
        let Some(provider) = self.provider else { return };
        // Blocks on the exporter's own thread, whose connection needs this runtime to go on.
        let flushed = tokio::task::spawn_blocking(move || {
            provider.shutdown_with_timeout(std::time::Duration::from_secs(5)).map_err(|error| error.to_string())
        });
        if let Ok(Err(error)) = flushed.await {
            tracing::warn!(error, "traces were lost at shutdown");
        }
    }
}
