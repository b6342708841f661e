//! Gives every call its id: the caller's own when it looks like one, else a new one. It goes into the span and back to the caller.

use http::{HeaderValue, Request, Response};
use tonic::body::Body;

use crate::layers::around::{Around, Inner, pass};
use crate::request_id::{HEADER, RequestId};

#[derive(Debug, Clone)]
pub(crate) struct Identify;

impl Around for Identify {
    async fn around(self, mut request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let id = request.headers().get(HEADER).and_then(RequestId::accept).unwrap_or_else(RequestId::fresh);
        tracing::Span::current().record("request_id", id.as_str());
        request.extensions_mut().insert(id.clone());
        let mut response = pass(request, inner).await;
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
}
