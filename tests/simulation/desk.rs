//! Calls by people and by the portal: one connection to each service, a token for each of them.

use std::collections::HashMap;

use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use tests::{As, Bearer, Part, Suite};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Connections and tokens.
#[derive(Debug, Default)]
pub struct Desk {
    channels: HashMap<&'static str, Channel>,
    tokens: HashMap<String, String>,
}

// === impl Desk ===

impl Desk {
    /// Ticket, as somebody.
    pub fn ticket(&mut self, suite: &Suite, who: &str) -> TicketServiceClient<As> {
        TicketServiceClient::new(self.speaking(suite, Part::Ticket, who))
    }

    /// Identity verification, as somebody.
    pub fn identity(&mut self, suite: &Suite, who: &str) -> IdentityServiceClient<As> {
        IdentityServiceClient::new(self.speaking(suite, Part::Identity, who))
    }

    /// The service is another process now.
    pub fn forget(&mut self, part: Part) {
        self.channels.remove(part.name());
    }

    fn speaking(&mut self, suite: &Suite, part: Part, who: &str) -> As {
        let channel = self.channels.entry(part.name()).or_insert_with(|| suite.channel(part)).clone();
        if !self.tokens.contains_key(who) {
            self.tokens.insert(who.to_owned(), suite.access.token(who));
        }
        InterceptedService::new(channel, Bearer::of(self.tokens[who].clone()))
    }
}

/// Code and reason of a refusal.
pub fn why(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}
