//! A bounded number of calls at work; the rest are refused at once, so that an overloaded service stays quick and says no instead of queueing
//! until everybody's deadline has passed. Health and reflection are always let in.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::Semaphore;
use tonic::body::Body;

use crate::layers::around::{Around, Inner, pass};
use crate::methods::is_open;
use crate::refusal::Refusal;

/// Pause asked of a refused caller. Calls take milliseconds, so places are free again by then; longer would leave them empty.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub(crate) struct Admission {
    pub domain: &'static str,
    pub admitted: Arc<Semaphore>,
}

impl Around for Admission {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        if is_open(request.uri().path()) {
            return pass(request, inner).await;
        }
        // Held until the handler has answered. A stream gives its place back once it flows: it works in small pieces, for hours, and
        // whoever serves it bounds how many there are.
        match self.admitted.try_acquire() {
            Ok(_place) => pass(request, inner).await,
            Err(_) => Refusal::busy(PAUSE).into_status(self.domain).into_http(),
        }
    }
}
