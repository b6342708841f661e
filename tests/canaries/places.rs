//! Where is searched: log lines and spans, metrics, answers and errors, a dump of the database.

use std::fmt::{Debug, Write as _};
use std::io;
use std::process::Stdio;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bootstrap::config::{LogFormat, TelemetryConfig};
use bootstrap::telemetry;
use tests::Suite;
use tonic::Status;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
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
    spans: Octets,
}

#[derive(Clone, Debug, Default)]
struct Octets(Arc<Mutex<Vec<u8>>>);

/// Writes down the values of spans: a line shows them only when something is logged inside, a trace shows them always.
struct Spans(Octets);

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
        let spans = Spans(logs.spans.clone()).with_filter(telemetry::filter(&config).expect("a filter"));
        subscriber.with(spans).try_init().expect("the first subscriber of this process");
        logs
    }

    /// The two places.
    pub fn places(&self) -> [Haystack; 2] {
        [Haystack::new("log lines", self.lines.read()), Haystack::new("spans", self.spans.read())]
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
    fn note(&self, name: &str, record: impl FnOnce(&mut dyn Visit)) {
        let mut line = name.to_owned();
        record(&mut Values(&mut line));
        line.push('\n');
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line.as_bytes());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.note(attributes.metadata().name(), |values| attributes.record(values));
    }

    fn on_record(&self, _: &Id, record: &Record<'_>, _: Context<'_, S>) {
        self.note("later", |values| record.record(values));
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
