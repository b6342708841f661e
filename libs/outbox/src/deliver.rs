//! The way to one destination.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use tonic::Status;
use uuid::Uuid;

/// Sends one request and waits for its answer. One per destination; tests put their faults around it.
#[async_trait]
pub trait Deliver: Send + Sync + 'static {
    /// Calls `method` (a full gRPC path) with an encoded request and gives back the encoded answer. The relay itself ends the wait
    /// after [`Attempt::deadline`]; the current span is the one that the stored trace context belongs to.
    ///
    /// # Errors
    /// Whatever the receiver answered or the transport reported.
    async fn deliver(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status>;
}

/// Which attempt this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The call, and the request's `request_id`.
    pub call_id: Uuid,
    /// From 1; attempts whose outcome was never recorded are counted too.
    pub number: u32,
    /// How long the relay waits for the answer.
    pub deadline: Duration,
    /// The stored `traceparent`, for when no span of this process carries it on.
    pub trace_context: Option<String>,
}

// === impl Deliver ===

#[async_trait]
impl Deliver for rpc::Client {
    async fn deliver(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        let current = rpc::trace_context::current();
        let traceparent = current.as_deref().or(attempt.trace_context.as_deref());
        self.call_raw(method, request, attempt.deadline, traceparent).await
    }
}
