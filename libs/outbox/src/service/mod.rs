//! `otklik.outbox.v1.OutboxService`: what a service owes to others, for administrators. Every service mounts it over its own outbox.

mod convert;
mod list;
mod operate;

use crate::{Once, Outbox};
use proto::Reason;
use proto::outbox::v1::outbox_service_server::{OutboxService, OutboxServiceServer};
use proto::outbox::v1::{Call, DropCallRequest, ErrorReason, ListCallsRequest, ListCallsResponse, RequeueCallRequest};
use rpc::pages::Tokens;
use std::sync::Arc;
use store::Db;
use tonic::{Request, Response, Status};

/// The service's implementation.
#[derive(Debug, Clone)]
pub struct Operation(Arc<App>);

#[derive(Debug)]
struct App {
    db: Db,
    outbox: Outbox,
    once: Once,
    tokens: Tokens,
}

/// The service, ready to be mounted.
pub fn service(db: &Db, outbox: &Outbox) -> OutboxServiceServer<Operation> {
    let once = Once::new(outbox.ring().clone(), db.clock().clone());
    let tokens = Tokens::new(&outbox.ring().subkey("page-tokens"));
    OutboxServiceServer::new(Operation(Arc::new(App { db: db.clone(), outbox: outbox.clone(), once, tokens })))
}

#[tonic::async_trait]
impl OutboxService for Operation {
    async fn list_calls(&self, request: Request<ListCallsRequest>) -> Result<Response<ListCallsResponse>, Status> {
        rpc::serve(&self.0, ErrorReason::DOMAIN, request, list::run).await
    }

    async fn requeue_call(&self, request: Request<RequeueCallRequest>) -> Result<Response<Call>, Status> {
        rpc::serve(&self.0, ErrorReason::DOMAIN, request, operate::requeue).await
    }

    async fn drop_call(&self, request: Request<DropCallRequest>) -> Result<Response<Call>, Status> {
        rpc::serve(&self.0, ErrorReason::DOMAIN, request, operate::give_up).await
    }
}
