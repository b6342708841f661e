//! The one line between a generated service trait and a command.

use std::future::Future;
use std::sync::Arc;

use futures::stream::{BoxStream, Stream, StreamExt};
use tonic::{Request, Response, Status};

use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::request_id::RequestId;

/// The answers of a server-streaming RPC, as a generated trait wants them.
pub type Answers<T> = BoxStream<'static, Result<T, Status>>;

/// Runs a command or query for the caller that the layers found, and turns its refusal into a status of `domain`.
///
/// A request without a caller can't come through [`crate::Server`]; if one does, the wiring is wrong and the answer is INTERNAL.
pub async fn serve<A, Req, Resp, Run, Fut>(
    app: &Arc<A>,
    domain: &'static str,
    request: Request<Req>,
    run: Run,
) -> Result<Response<Resp>, Status>
where
    Run: FnOnce(Arc<A>, Caller, Req) -> Fut,
    Fut: Future<Output = Result<Resp, Refusal>> + Send,
{
    let (_, mut extensions, message) = request.into_parts();
    let request_id = extensions.remove::<RequestId>();
    let outcome = match extensions.remove::<Caller>() {
        Some(caller) => run(Arc::clone(app), caller, message).await,
        None => Err(Refusal::internal("a request came in without its caller: the caller layer is missing")),
    };
    outcome
        .map(Response::new)
        .map_err(|refusal| refusal.into_status_for(domain, request_id.as_ref().map(RequestId::as_str)))
}

/// As [`serve`], for a query whose answers come one after the other. A refusal ends them.
pub async fn serve_stream<A, Req, Item, Items, Run, Fut>(
    app: &Arc<A>,
    domain: &'static str,
    request: Request<Req>,
    run: Run,
) -> Result<Response<Answers<Item>>, Status>
where
    Run: FnOnce(Arc<A>, Caller, Req) -> Fut,
    Fut: Future<Output = Result<Items, Refusal>> + Send,
    Items: Stream<Item = Result<Item, Refusal>> + Send + 'static,
{
    let request_id = request.extensions().get::<RequestId>().cloned();
    let items = serve(app, domain, request, run).await?.into_inner();
    let status = move |refusal: Refusal| refusal.into_status_for(domain, request_id.as_ref().map(RequestId::as_str));
    Ok(Response::new(items.map(move |item| item.map_err(&status)).boxed()))
}
