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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use prometheus_client::metrics::counter::Counter;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;

    #[derive(Default)]
    struct Database(AtomicBool);

    #[async_trait]
    impl Probe for Database {
        async fn answers(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// Status code and body, over a real connection.
    async fn ask(address: std::net::SocketAddr, path: &str) -> (u16, String) {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    #[tokio::test]
    async fn readiness_follows_start_database_and_stop_while_liveness_does_not() {
        let (stopper, stopped) = (CancellationToken::new(), CancellationToken::new());
        let (readiness, metrics) = (Readiness::new(stopper.clone()), Metrics::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = tokio::spawn(serve(listener, metrics, readiness.clone(), stopped.clone()));

        assert_eq!(ask(address, "/readyz").await, (503, "starting\n".to_owned()));
        let database = Arc::new(Database::default());
        readiness.watch(Arc::clone(&database) as Arc<dyn Probe>);
        assert_eq!(ask(address, "/readyz").await.0, 503, "the database alone is no start");
        readiness.started();
        assert_eq!(ask(address, "/readyz").await, (503, "the database does not answer\n".to_owned()));
        database.0.store(true, Ordering::SeqCst);
        assert_eq!(ask(address, "/readyz").await, (200, "ready\n".to_owned()));
        database.0.store(false, Ordering::SeqCst);
        assert_eq!(ask(address, "/readyz").await.0, 503);
        assert_eq!(ask(address, "/livez").await.0, 200, "a database outage must not restart us");
        database.0.store(true, Ordering::SeqCst);
        stopper.cancel();
        assert_eq!(ask(address, "/readyz").await, (503, "stopping\n".to_owned()));
        assert_eq!(ask(address, "/livez").await.0, 200);

        stopped.cancel();
        port.await.unwrap();
    }

    #[tokio::test]
    async fn metrics_are_told_as_text() {
        let metrics = Metrics::default();
        let counter = Counter::<u64, AtomicU64>::default();
        metrics.with(|registry| registry.register("otklik_appeals_filed", "Appeals filed", counter.clone()));
        counter.inc();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let readiness = Readiness::new(CancellationToken::new());
        tokio::spawn(serve(listener, metrics, readiness, CancellationToken::new()));

        let (status, text) = ask(address, "/metrics").await;

        assert_eq!(status, 200);
        assert!(text.contains("# HELP otklik_appeals_filed Appeals filed."), "{text}");
        assert!(text.contains("otklik_appeals_filed_total 1\n"), "{text}");
        assert_eq!(ask(address, "/").await.0, 404);
    }
}
