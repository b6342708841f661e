//! What happens around every call to a peer: deadline, token, trace, retries.
//!
//! ```text
//! deadline   always one: the caller's own or the table's; it bounds all attempts together
//! metrics    one count per call, whatever the attempts
//! retry      UNAVAILABLE only, as often as the table says; the pause doubles, is jittered, and never undercuts the peer's RetryInfo
//! attempt    token (read again when renewed), traceparent, grpc-timeout with what is left
//! ```

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt;
use tower::{Service, ServiceExt};

use crate::client::metrics::ClientMetrics;
use crate::client::table::MethodTable;
use crate::client::token::TokenFile;
use crate::layers::grpc_timeout;
use crate::server::MAX_MESSAGE_BYTES;
use crate::trace_context;

/// Pause before the second attempt; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// In a request's extensions: one attempt, whatever the table says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Once;

/// A channel to one peer, for generated clients: `TicketServiceClient::new(client.channel())`.
#[derive(Debug, Clone)]
pub struct PeerChannel {
    pub(super) channel: Channel,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub peer: Arc<str>,
    pub token: TokenFile,
    pub table: Arc<MethodTable>,
    pub metrics: ClientMetrics,
}

impl Service<Request<Body>> for PeerChannel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    /// Always: each attempt waits for the channel within the call's deadline.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !request.headers().contains_key(trace_context::HEADER)
            && let Some(value) = trace_context::current().and_then(|text| HeaderValue::try_from(text).ok())
        {
            request.headers_mut().insert(trace_context::HEADER, value);
        }
        Box::pin(self.clone().send(request))
    }
}

impl PeerChannel {
    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let began = Instant::now();
        let path = request.uri().path().to_owned();
        let policy = self.shared.table.policy(&path);
        let until = began + grpc_timeout::parse(request.headers()).unwrap_or(policy.timeout);
        let attempts = if request.extensions().get::<Once>().is_some() { 1 } else { policy.attempts };
        let (outcome, code) = if policy.streaming {
            let outcome = self.attempt(request, until).await;
            let code = code(&outcome, None);
            (outcome, code)
        } else {
            self.unary(request, until, attempts).await
        };
        let Shared { peer, table, metrics, .. } = &*self.shared;
        metrics.record(peer, &table.label(&path), code, began.elapsed());
        outcome
    }

    async fn unary(
        &self,
        request: Request<Body>,
        until: Instant,
        attempts: u32,
    ) -> (Result<Response<Body>, Status>, Code) {
        let (parts, body) = request.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(status) => return (Err(status.clone()), status.code()),
        };
        let mut pause = FIRST_PAUSE;
        for left in (0..attempts).rev() {
            let (outcome, code, asked) = self.whole(parts.clone(), body.clone(), until).await;
            // Jitter between half and the whole, so that callers refused together don't come back together.
            let wait = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0).max(asked.unwrap_or_default());
            if left == 0 || code != Code::Unavailable || Instant::now() + wait >= until {
                return (outcome, code);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        (Err(Status::internal("a method without attempts")), Code::Internal)
    }

    /// One attempt with its whole answer, so that the deadline covers the message too; with the code and the pause the peer asks for.
    async fn whole(
        &self,
        parts: Parts,
        body: Bytes,
        until: Instant,
    ) -> (Result<Response<Body>, Status>, Code, Option<Duration>) {
        let outcome = match self.attempt(Request::from_parts(parts, Body::new(Full::new(body))), until).await {
            Ok(response) => response,
            Err(status) => return (Err(status.clone()), status.code(), None),
        };
        let (head, body) = outcome.into_parts();
        let body = match timeout_at(until, Limited::new(body, MAX_MESSAGE_BYTES + 5).collect()).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => {
                let status = Status::from_error(error);
                return (Err(status.clone()), status.code(), None);
            }
            Err(_) => return (Err(too_late()), Code::DeadlineExceeded, None),
        };
        let answer = Status::from_header_map(&head.headers);
        let asked =
            answer.as_ref().and_then(|status| status.get_details_retry_info()).and_then(|info| info.retry_delay);
        let trailers = body.trailers().cloned();
        let outcome = Ok(Response::from_parts(head, Body::new(body)));
        let code = code(&outcome, trailers.as_ref());
        (outcome, code, asked)
    }

    async fn attempt(&self, mut request: Request<Body>, until: Instant) -> Result<Response<Body>, Status> {
        let token = self.shared.token.header().map_err(|error| {
            tracing::warn!(peer = %self.shared.peer, %error, "the token file can't be read");
            Status::unavailable("this service has no token for its peer yet")
        })?;
        let left = until.saturating_duration_since(Instant::now());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token);
        headers.insert(grpc_timeout::HEADER, grpc_timeout::format(left));
        match timeout_at(until, self.channel.clone().oneshot(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(from_transport(error)),
            Err(_) => Err(too_late()),
        }
    }
}

/// No answer of the peer's: it can't be reached, or the connection ended under the call, as one does when the peer drains, which the
/// channel tells as CANCELLED or INTERNAL. All that is UNAVAILABLE, but the channel's own timer, which is our deadline.
fn from_transport(error: tonic::transport::Error) -> Status {
    let causes = std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| error.source());
    let is_late = causes.into_iter().any(<dyn std::error::Error>::is::<TimeoutExpired>);
    let status = Status::from_error(Box::new(error));
    match status.code() {
        _ if is_late => too_late(),
        Code::Unavailable => status,
        _ => Status::unavailable("the connection to the peer failed"),
    }
}

fn too_late() -> Status {
    Status::deadline_exceeded("the peer did not answer in time")
}

fn code(outcome: &Result<Response<Body>, Status>, trailers: Option<&http::HeaderMap>) -> Code {
    match outcome {
        Err(status) => status.code(),
        Ok(response) => Status::from_header_map(response.headers())
            .or_else(|| trailers.and_then(Status::from_header_map))
            .map_or(Code::Ok, |status| status.code()),
    }
}
