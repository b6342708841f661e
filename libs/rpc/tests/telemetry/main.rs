//! What leaves a process beside its answers: logs and traces.
//!
//! A process of its own: tracing remembers per call site whether anybody listens, and a test that listens on its thread only would race
//! with those that don't.

mod logs;
#[path = "../wire/rig.rs"]
#[allow(dead_code)]
mod rig;
mod traces;

use std::sync::{Arc, LazyLock, Mutex};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;

/// Listens to everything, once for the process; gives back what was logged so far and will be.
fn collect() -> Log {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        let sink = log.clone();
        let traces = tracing_opentelemetry::layer().with_tracer(SdkTracerProvider::builder().build().tracer("test"));
        let lines = tracing_subscriber::fmt::layer().with_writer(move || sink.clone()).with_ansi(false);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(traces).with(lines)).unwrap();
        log
    });
    LOG.clone()
}

/// Collects what is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
