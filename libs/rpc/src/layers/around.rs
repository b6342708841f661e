//! The shape all layers share: an async function around the rest of the stack.

use std::convert::Infallible;
use std::future::Future;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::body::Body;
use tower::layer::{LayerFn, layer_fn};
use tower::{Service, ServiceExt};

/// What a layer wraps: answers every request, refusals included, with a response.
pub trait Inner:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Inner for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// One layer's work for one call.
pub(crate) trait Around: Clone + Send + Sync + 'static {
    /// Answers the request, usually by passing it on with [`pass`].
    fn around(self, request: Request<Body>, inner: impl Inner) -> impl Future<Output = Response<Body>> + Send;
}

/// A service with a layer around it.
#[derive(Debug, Clone)]
pub(crate) struct Layered<A, S> {
    around: A,
    inner: S,
}

/// The tower layer of `around`.
pub(crate) fn layer<A: Around, S: Inner>(around: A) -> LayerFn<impl Fn(S) -> Layered<A, S> + Clone> {
    layer_fn(move |inner| Layered { around: around.clone(), inner })
}

/// Sends the request to the rest of the stack.
pub(crate) async fn pass(request: Request<Body>, inner: impl Inner) -> Response<Body> {
    match inner.oneshot(request).await {
        Ok(response) => response,
        Err(impossible) => match impossible {},
    }
}

impl<A: Around, S: Inner> Service<Request<Body>> for Layered<A, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    /// Always: `pass` waits for the inner service, and each layer refuses by answering.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (around, inner) = (self.around.clone(), self.inner.clone());
        Box::pin(async move { Ok(around.around(request, inner).await) })
    }
}
