//! The caller's deadline, kept on our side.
//!
//! 20 ms are kept back for the way home, so the caller hears *our* DEADLINE_EXCEEDED instead of guessing. When under 100 ms of useful
//! time remain the work is hopeless and is refused before it costs anything. A call without a deadline gets the default: nothing may hang for ever.
//! Streams are bounded until their first message only; their callers end them.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;

use crate::layers::around::{Around, Inner, pass};
use crate::layers::grpc_timeout;
use crate::methods::is_open;
use crate::refusal::Refusal;

/// Time kept for the answer's way back.
const RETURN: Duration = Duration::from_millis(20);
/// Least time in which work is worth beginning.
const USEFUL: Duration = Duration::from_millis(100);

/// When the handler is cut; in the request's extensions for handlers that can stop earlier with something better.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

#[derive(Debug, Clone)]
pub(crate) struct Cut {
    pub domain: &'static str,
    pub default: Duration,
    pub longest: Duration,
}

impl Around for Cut {
    async fn around(self, mut request: Request<Body>, inner: impl Inner) -> Response<Body> {
        if is_open(request.uri().path()) {
            return pass(request, inner).await;
        }
        let given = grpc_timeout::parse(request.headers());
        let useful = given.unwrap_or(self.default).min(self.longest).saturating_sub(RETURN);
        if useful < USEFUL {
            return Refusal::too_late("the deadline leaves too little time").into_status(self.domain).into_http();
        }
        let deadline = Instant::now() + useful;
        request.extensions_mut().insert(Deadline(deadline));
        match timeout_at(deadline, pass(request, inner)).await {
            Ok(response) => response,
            Err(_) => Refusal::too_late("the call took longer than its deadline").into_status(self.domain).into_http(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tokio::sync::mpsc;
    use tokio_stream::StreamExt as _;
    use tokio_stream::wrappers::UnboundedReceiverStream;

    use super::*;

    /// Fifty milliseconds more than it could have, had it been cut.
    const BEYOND: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_stream_that_has_begun_goes_on_beyond_the_deadline() {
        let (tell, told) = mpsc::unbounded_channel::<Bytes>();
        let body = axum::body::Body::from_stream(UnboundedReceiverStream::new(told).map(Ok::<_, Infallible>));
        let (body, seen) = (Arc::new(Mutex::new(Some(body))), Arc::new(Mutex::new(None)));
        let keep = Arc::clone(&seen);
        let inner = tower::service_fn(move |request: Request<Body>| {
            *keep.lock().unwrap() = request.extensions().get::<Deadline>().copied();
            let body = body.lock().unwrap().take().unwrap();
            async move { Ok::<_, Infallible>(Response::new(Body::new(body))) }
        });
        let cut = Cut { domain: "test", default: RETURN + USEFUL, longest: Duration::from_secs(60) };

        let response = cut.around(Request::new(Body::empty()), inner).await;

        let Deadline(deadline) = seen.lock().unwrap().unwrap();
        let mut body = response.into_body();
        assert!(timeout_at(deadline + BEYOND, body.frame()).await.is_err(), "neither an end nor an error");
        tell.send(Bytes::from_static(b"late")).unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "late");
    }
}
