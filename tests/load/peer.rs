//! Peers that take every call and answer at once: what a relay delivers to when it is the relay that is measured.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use clock::{Clock as _, SystemClock};
use http::HeaderMap;
use http_body_util::{BodyExt as _, Full};
use jiff::Timestamp;
use prost::Message;
use proto::ticket::v1::{self as ticket, EscalateAppealRequest};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// Length-prefix of a gRPC message: a flag and four bytes.
const PREFIX: usize = 5;

/// All peers in one server, gone when dropped.
#[derive(Debug)]
pub struct Peers {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Full gRPC path.
    pub method: String,
    /// The encoded request.
    pub request: Bytes,
    /// When.
    pub time: Timestamp,
}

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Vec<Arrival>>,
    keeps: bool,
    count: watch::Sender<usize>,
}

// === impl Peers ===

impl Peers {
    /// Listens at `port`. `keeps`: what came is kept, else only counted.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(port: u16, keeps: bool) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let shared = Arc::new(Shared { keeps, ..Shared::default() });
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = Server::builder().add_routes(tonic::service::Routes::from(router));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = server.serve_with_incoming(incoming);
        // Ends with this value alone.
        let server = tokio::spawn(async move { drop(serving.await) });
        Ok(Self { shared, server })
    }

    /// Calls that came so far.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// Waits until so many have come.
    pub async fn reach(&self, count: usize) {
        // Fails only when the sender is gone, and it is ours.
        let _ = self.shared.count.subscribe().wait_for(|it| *it >= count).await;
    }

    /// What was kept.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<axum::body::Body> {
    let time = SystemClock.now();
    let method = request.uri().path().to_owned();
    let mut body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    body.advance(PREFIX.min(body.len()));
    let message = answer_to(&method, &body);
    if shared.keeps {
        let arrival = Arrival { method, request: body, time };
        shared.kept.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    }
    shared.count.send_modify(|count| *count += 1);
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or_default());
    framed.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(framed.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(axum::body::Body::new(body));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
    response
}

/// Nothing is a valid message of every kind; only to a hand-over the SLA monitor wants to hear whom to tell.
fn answer_to(method: &str, request: &Bytes) -> Vec<u8> {
    if !method.ends_with("/EscalateAppeal") {
        return Vec::new();
    }
    let asked = EscalateAppealRequest::decode(request.clone()).unwrap_or_default();
    ticket::Appeal {
        name: asked.name,
        recipient: "recipients/load".to_owned(),
        expected_time: asked.level_due_time,
        language_code: "ru".to_owned(),
        ..ticket::Appeal::default()
    }
    .encode_to_vec()
}
