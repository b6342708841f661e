//! Where is searched: log lines and spans, metrics, answers and errors, a dump of the database.

use std::fmt::{Debug, Write as _};
use std::io;
use std::process::Stdio;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bootstrap::config::{LogFormat, TelemetryConfig};
use bootstrap::telemetry;
use store::TRACE_ONLY;
use tests::Suite;
use tonic::Status;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::needles::Haystack;

/// Four schemas and the one of the control.
const SCHEMAS: [&str; 5] = ["ticket", "identity", "notification", "sla", "control"];

/// What the process logged so far. One for the process, as its subscriber is.
pub static LOGS: LazyLock<Logs> = LazyLock::new(Logs::start);

/// Log lines and spans.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    lines: Octets,
    spans: Spans,
}

#[derive(Clone, Debug, Default)]
struct Octets(Arc<Mutex<Vec<u8>>>);

/// Writes down the values of spans: a line shows them only when something is logged inside, a trace shows them always. Those that are
/// for traces alone are kept apart: that they are heard at all is not a matter of course.
#[derive(Clone, Debug, Default)]
struct Spans {
    usual: Octets,
    trace_only: Octets,
}

struct Values<'a>(&'a mut String);

// === impl Logs ===

impl Logs {
    /// The subscriber of production with the most verbose filter that there is.
    fn start() -> Self {
        let logs = Self::default();
        let config = TelemetryConfig {
            filter: "trace".to_owned(),
            format: LogFormat::Json,
            otlp_endpoint: None,
            trace_share: 1.0,
        };
        let lines = logs.lines.clone();
        let subscriber = telemetry::logs(&config, move || lines.clone(), false).expect("a filter");
        let heard = telemetry::filter(&config).expect("a filter").or(telemetry::traced());
        let spans = logs.spans.clone().with_filter(heard);
        subscriber.with(spans).try_init().expect("the first subscriber of this process");
        logs
    }

    /// The three places.
    pub fn places(&self) -> [Haystack; 3] {
        [
            Haystack::new("log lines", self.lines.read()),
            Haystack::new("usual spans", self.spans.usual.read()),
            Haystack::new("spans for traces alone", self.spans.trace_only.read()),
        ]
    }

    /// Log lines as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.lines.read()).expect("lines are text")
    }
}

// === impl Octets ===

impl Octets {
    fn read(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Octets {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// === impl Spans ===

impl Spans {
    fn note(&self, span: &Metadata<'_>, record: impl FnOnce(&mut dyn Visit)) {
        let mut line = span.name().to_owned();
        record(&mut Values(&mut line));
        line.push('\n');
        let place = if span.target() == TRACE_ONLY { &self.trace_only } else { &self.usual };
        place.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line.as_bytes());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.note(attributes.metadata(), |values| attributes.record(values));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let span = context.metadata(id).expect("a span that is heard is known");
        self.note(span, |values| record.record(values));
    }
}

impl Visit for Values<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Writing to a String can't fail.
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

/// All that a status carries.
pub fn of_status(call: &str, status: &Status) -> Haystack {
    let metadata = status.metadata().clone().into_headers();
    let values =
        metadata.iter().flat_map(|(name, value)| [name.as_str().as_bytes(), b"=", value.as_bytes(), b"\n"].concat());
    let content = [status.message().as_bytes(), b"\n", status.details(), b"\n"].concat();
    Haystack::new(
        format!("the error of {call}: {:?}", status.code()),
        content.into_iter().chain(values).collect::<Vec<_>>(),
    )
}

/// The Prometheus text of every service.
pub async fn metrics(suite: &Suite) -> Vec<Haystack> {
    let replicas = suite.replicas().await;
    let text = |it: &Arc<tests::Replica>| it.metrics.encode().expect("metrics are text");
    replicas.iter().map(|it| Haystack::new(format!("metrics of {}", it.part), text(it))).collect()
}

/// The database as `pg_dump` sees it: every row of every table.
pub async fn dump(suite: &Suite, when: &str) -> Haystack {
    let tool = devpg::find().expect("the Postgres that the suite runs on").bin.join("pg_dump");
    let mut command = tokio::process::Command::new(tool);
    command.args(["--data-only", "--inserts", "--dbname", &suite.admin_url()]).stdin(Stdio::null());
    for schema in SCHEMAS {
        command.args(["--schema", schema]);
    }
    let out = command.output().await.expect("pg_dump is beside postgres");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Haystack::new(format!("the database, {when}"), out.stdout)
}
