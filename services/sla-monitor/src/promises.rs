//! What the ticket service promises, asked there.

use async_trait::async_trait;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{ListPromisesRequest, ListPromisesResponse};
use tonic::Status;

/// Where promises are listed: the ticket service, or a script in tests.
#[async_trait]
pub(crate) trait Promises: Send + Sync + 'static {
    /// A page of them, as ListPromises gives it.
    async fn page(&self, request: ListPromisesRequest) -> Result<ListPromisesResponse, Status>;
}

/// The ticket service itself.
#[derive(Debug)]
pub(crate) struct Ticket(pub(crate) rpc::Client);

#[async_trait]
impl Promises for Ticket {
    async fn page(&self, request: ListPromisesRequest) -> Result<ListPromisesResponse, Status> {
        let mut client = TicketServiceClient::new(self.0.channel());
        Ok(client.list_promises(request).await?.into_inner())
    }
}
