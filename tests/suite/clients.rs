//! Calls by somebody, over real gRPC.

use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::ticket::v1::staff_service_client::StaffServiceClient;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::{Part, Replica, Suite};

/// Puts a token on each call.
#[derive(Clone, Debug)]
pub struct Bearer(pub Option<String>);

/// A channel that speaks for somebody.
pub type As = InterceptedService<Channel, Bearer>;

// === impl Suite ===

impl Suite {
    /// Ticket, as somebody ([`super::Access::token`] has the names).
    pub fn ticket(&self, who: &str) -> TicketServiceClient<As> {
        TicketServiceClient::new(self.channel_as(Part::Ticket, Some(self.access.token(who))))
    }

    /// Ticket at one of its replicas.
    pub fn ticket_at(&self, replica: &Replica, who: &str) -> TicketServiceClient<As> {
        TicketServiceClient::new(self.channel_at(replica, who))
    }

    /// Staff, as somebody.
    pub fn staff(&self, who: &str) -> StaffServiceClient<As> {
        StaffServiceClient::new(self.channel_as(Part::Ticket, Some(self.access.token(who))))
    }

    /// Identity verification, as somebody.
    pub fn identity(&self, who: &str) -> IdentityServiceClient<As> {
        IdentityServiceClient::new(self.channel_as(Part::Identity, Some(self.access.token(who))))
    }

    /// Notification, as somebody.
    pub fn notification(&self, who: &str) -> NotificationServiceClient<As> {
        NotificationServiceClient::new(self.channel_as(Part::Notification, Some(self.access.token(who))))
    }

    /// The SLA monitor, as somebody.
    pub fn sla(&self, who: &str) -> SlaServiceClient<As> {
        SlaServiceClient::new(self.channel_as(Part::Sla, Some(self.access.token(who))))
    }

    /// The SLA monitor at one of its replicas.
    pub fn sla_at(&self, replica: &Replica, who: &str) -> SlaServiceClient<As> {
        SlaServiceClient::new(self.channel_at(replica, who))
    }

    fn channel_at(&self, replica: &Replica, who: &str) -> As {
        let channel =
            Endpoint::from_shared(format!("http://{}", replica.address)).expect("a socket address makes a URL");
        InterceptedService::new(channel.connect_lazy(), Bearer(Some(self.access.token(who))))
    }

    /// A channel to a service with any token, or none.
    pub fn channel_as(&self, part: Part, token: Option<String>) -> As {
        InterceptedService::new(self.channel(part), Bearer(token))
    }

    /// A channel to a service, for many callers.
    pub fn channel(&self, part: Part) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address(part.name())))
            .expect("a socket address makes a URL")
            .connect_lazy()
    }
}

// === impl Bearer ===

impl Bearer {
    /// Somebody with this token.
    pub fn of(token: String) -> Self {
        Self(Some(token))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            let value = MetadataValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Status::internal("a token is printable"))?;
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }
}
