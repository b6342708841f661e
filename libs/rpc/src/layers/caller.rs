//! Who calls, and may they? Token -> [`Caller`](crate::Caller) in the extensions, then the access table.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;

use crate::access::Access;
use crate::auth::Verifier;
use crate::layers::around::{Around, Inner, pass};
use crate::methods::is_open;
use crate::reasons;
use crate::refusal::Refusal;
use crate::request_id::RequestId;

#[derive(Debug, Clone)]
pub(crate) struct Authenticate {
    pub domain: &'static str,
    pub verifier: Arc<Verifier>,
    pub access: Arc<Access>,
}

impl Around for Authenticate {
    async fn around(self, mut request: Request<Body>, inner: impl Inner) -> Response<Body> {
        // Taken out before anything else can look at the headers.
        let authorization = request.headers_mut().remove(AUTHORIZATION);
        if is_open(request.uri().path()) {
            return pass(request, inner).await;
        }
        // What the table does not name is not served, whatever else may be mounted.
        if !self.access.knows(request.uri().path()) {
            return Status::unimplemented("this server has no such method").into_http();
        }
        match self.identify(request.uri().path(), authorization).await {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                pass(request, inner).await
            }
            Err(refusal) => {
                let request_id = request.extensions().get::<RequestId>().map(RequestId::as_str);
                refusal.into_status_for(self.domain, request_id).into_http()
            }
        }
    }
}

impl Authenticate {
    async fn identify(&self, path: &str, authorization: Option<http::HeaderValue>) -> Result<crate::Caller, Refusal> {
        let Some(authorization) = authorization else {
            return Err(Refusal::unauthenticated(
                reasons::TOKEN_MISSING,
                "send a token: authorization: Bearer <token>",
            ));
        };
        let token = authorization.to_str().ok().and_then(bearer);
        let Some(token) = token else {
            return Err(Refusal::unauthenticated(
                reasons::TOKEN_INVALID,
                "the authorization header is not Bearer <token>",
            ));
        };
        let caller = self.verifier.verify(token).await?;
        self.access.check(path, &caller)?;
        Ok(caller)
    }
}

/// The token after "Bearer", which is case-insensitive (RFC 9110).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token.trim())
}
