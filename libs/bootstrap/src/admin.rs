//! The port for operators: plain HTTP, nothing that changes anything.
//!
//! | path | answers |
//! |---|---|
//! | `/metrics` | the service's metrics as OpenMetrics text |
//! | `/livez` | 200 while the process can answer at all; not tied to the database, or its outage would restart every replica |
//! | `/readyz` | 200 when the start is complete, the database answers and no stop was asked for; else 503 and what is missing |

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Metrics;

/// The media type of `prometheus_client`'s text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Patience with the database in `/readyz`: under the second after which Kubernetes gives a probe up.
const PROBE: Duration = Duration::from_millis(800);

/// Whether something the service can't work without answers right now.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// True when it answers.
    async fn answers(&self) -> bool;
}

/// Whether requests may be sent here. Shared between the start, which moves it, and the port, which tells it.
#[derive(Clone)]
pub struct Readiness {
    started: Arc<AtomicBool>,
    stopper: CancellationToken,
    database: Arc<std::sync::OnceLock<Arc<dyn Probe>>>,
}

// === impl Readiness ===

impl Readiness {
    /// Not ready until [`Readiness::started`], and not any more once `stopper` is cancelled.
    pub fn new(stopper: CancellationToken) -> Self {
        Self { started: Arc::default(), stopper, database: Arc::default() }
    }

    /// What to ask from now on; the first call counts.
    pub fn watch(&self, database: Arc<dyn Probe>) {
        // A second probe would mean two databases; the first is the one the start waited for.
        let _ = self.database.set(database);
    }

    /// The schema is checked and the server accepts requests.
    pub fn started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// What is missing; `Ok` when nothing is.
    ///
    /// # Errors
    /// One line for the operator.
    pub async fn check(&self) -> Result<(), &'static str> {
        if self.stopper.is_cancelled() {
            return Err("stopping");
        }
        if !self.started.load(Ordering::Acquire) {
            return Err("starting");
        }
        let Some(database) = self.database.get() else { return Err("starting") };
        match tokio::time::timeout(PROBE, database.answers()).await {
            Ok(true) => Ok(()),
            _ => Err("the database does not answer"),
        }
    }
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness").field("started", &self.started).finish_non_exhaustive()
    }
}

/// Answers on `listener` until `stopped` is cancelled. Not the service's stopper: the port goes on telling metrics while
/// the service drains.
pub async fn serve(listener: TcpListener, metrics: Metrics, readiness: Readiness, stopped: CancellationToken) {
    let app = router(metrics, readiness);
    // axum::serve never fails: it tries again when accepting does.
    let _ = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned()).await;
}

fn router(metrics: Metrics, readiness: Readiness) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(text).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    match readiness.check().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")),
    }
}

async fn text(State(metrics): State<Metrics>) -> impl IntoResponse {
    match metrics.encode() {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, OPEN_METRICS)], text),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain")], String::new()),
    }
}
