//! Counts the calls that a stopping server waits for. Health watches and reflection streams are not among them: they have no end of their own
//! and would hold every stop for its whole grace period.

use http::{Request, Response};
use tokio_util::task::TaskTracker;
use tonic::body::Body;

use crate::layers::around::{Around, Inner, pass};
use crate::layers::ending::Ending;
use crate::methods::is_open;

#[derive(Debug, Clone)]
pub(crate) struct Drain {
    pub open_calls: TaskTracker,
}

impl Around for Drain {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        if is_open(request.uri().path()) {
            return pass(request, inner).await;
        }
        let counted = self.open_calls.token();
        let ending = Ending::new(move |_| drop(counted));
        ending.watch(pass(request, inner).await)
    }
}
