//! A call that is to be made, whatever happens.

use jiff::Timestamp;
use proto::DurableCall;
use serde_json::Value;
use std::fmt::{self, Debug, Formatter};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A call on another service, to be written by [`Outbox::enqueue`](crate::Outbox::enqueue) in the transaction that causes it.
pub struct Call {
    pub(crate) call_id: Uuid,
    pub(crate) destination: &'static str,
    pub(crate) key: String,
    pub(crate) method: &'static str,
    pub(crate) request: Zeroizing<Vec<u8>>,
    pub(crate) note: Value,
    pub(crate) expire_time: Option<Timestamp>,
    pub(crate) trace_context: Option<String>,
}

// === impl Call ===

impl Call {
    /// A call on `destination`, delivered after every earlier one of the same destination and key (`appeals/{uuid}`).
    ///
    /// The request's `request_id` becomes this call's own new id, so that the receiver knows a redelivery; whatever it was before
    /// is replaced. Only requests that have one can be given: a call that can't be repeated does not compile.
    pub fn new(destination: &'static str, key: impl Into<String>, request: impl DurableCall) -> Self {
        Self::with_id(Uuid::new_v4(), destination, key, request)
    }

    /// As [`new`](Self::new) under a random id that was chosen before, by a decision that waits for what becomes of the call.
    pub fn with_id(
        call_id: Uuid,
        destination: &'static str,
        key: impl Into<String>,
        mut request: impl DurableCall,
    ) -> Self {
        fn method_of<R: DurableCall>(_: &R) -> &'static str {
            R::METHOD
        }
        request.set_request_id(call_id.to_string());
        Call {
            call_id,
            destination,
            key: key.into(),
            method: method_of(&request),
            request: Zeroizing::new(request.encode_to_vec()),
            note: Value::Null,
            expire_time: None,
            trace_context: None,
        }
    }

    /// What the route wants to know again when the call is settled. It is stored in the clear: ids and numbers, nothing personal.
    #[must_use]
    pub fn note(mut self, note: impl Into<Value>) -> Self {
        self.note = note.into();
        self
    }

    /// When the call stops making sense: from then on it is not sent, counts as refused with `EXPIRED`, and its request is erased
    /// within a minute, even where calls before it still wait. For what must not lie about, such as a code.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expire_time = Some(at);
        self
    }

    /// Whose work it goes on with, as a `traceparent`, where that is not the span it is written in. The first one named stays.
    #[must_use]
    pub fn in_trace(mut self, trace_context: Option<&str>) -> Self {
        if self.trace_context.is_none() {
            self.trace_context = trace_context.map(str::to_owned);
        }
        self
    }

    /// When it stops making sense.
    pub fn expire_time(&self) -> Option<Timestamp> {
        self.expire_time
    }

    /// The call's id, which is the request's `request_id` too.
    pub fn id(&self) -> Uuid {
        self.call_id
    }

    /// Where it goes.
    pub fn destination(&self) -> &'static str {
        self.destination
    }

    /// Full gRPC path.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The ordering key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The request, for tests of routes; `None` if it is of another method.
    pub fn request<R: DurableCall>(&self) -> Option<R> {
        (self.method == R::METHOD).then(|| R::decode(self.request.as_slice()).ok()).flatten()
    }
}

impl Debug for Call {
    /// Everything but the request, which holds personal data.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("call_id", &self.call_id)
            .field("destination", &self.destination)
            .field("key", &self.key)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
