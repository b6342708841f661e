//! A panic in a handler becomes INTERNAL for its caller. Without this it would close the connection under every other call on it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use http::{Request, Response};
use tonic::body::Body;

use crate::layers::around::{Around, Inner, pass};
use crate::refusal::Refusal;
use crate::request_id::RequestId;

#[derive(Debug, Clone)]
pub(crate) struct Panics {
    pub domain: &'static str,
}

impl Around for Panics {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let request_id = request.extensions().get::<RequestId>().cloned();
        // What the handler held is dropped with it; an open transaction rolls back.
        match AssertUnwindSafe(pass(request, inner)).catch_unwind().await {
            Ok(response) => response,
            // The panic's text is not repeated: the panic hook has logged it, and it may hold data.
            Err(_) => Refusal::internal("a handler panicked")
                .into_status_for(self.domain, request_id.as_ref().map(RequestId::as_str))
                .into_http(),
        }
    }
}
