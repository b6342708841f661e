//! A suite that is watched: who called with which token, what was refused, what was seen of the database on the way.

use std::sync::{Mutex, PoisonError};

use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::ticket::v1::staff_service_client::StaffServiceClient;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use tests::{As, Part, Suite};
use tonic::{Response, Status};

use crate::needles::{Haystack, Planted};
use crate::places::{self, of_status};

pub const PORTAL: &str = "portal";
pub const OPERATOR: &str = "staff/operator-1:operator";
pub const SPECIALIST: &str = "staff/specialist-1:specialist";
pub const SUPERVISOR: &str = "staff/supervisor-1:supervisor";
pub const ADMINISTRATOR: &str = "staff/admin-1:administrator";

/// A token with the first letter of its signature changed. The last one would not do: of its six bits only two are the signature's,
/// so a quarter of all signatures end in any letter one could choose.
pub fn forge(token: &str) -> String {
    let at = token.rfind('.').expect("a JWT") + 1;
    let letter = if token[at..].starts_with('A') { 'B' } else { 'A' };
    format!("{}{letter}{}", &token[..at], &token[at + 1..])
}

/// The suite and what was learnt from it.
pub struct Watch {
    pub suite: Suite,
    pub secrets: Mutex<Vec<Planted>>,
    pub places: Mutex<Vec<Haystack>>,
}

// === impl Watch ===

impl Watch {
    /// Watches a suite that has just started; the tokens of its services are secrets too.
    pub fn new(suite: Suite) -> Self {
        let it = Self { suite, secrets: Mutex::default(), places: Mutex::default() };
        for part in Part::ALL {
            it.token(part.name());
        }
        it
    }

    /// Something more that may be found nowhere.
    pub fn secret(&self, planted: Planted) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(planted);
    }

    /// One more place to search.
    pub fn place(&self, place: Haystack) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// Looks at the database as it is now: much of what is written is erased later.
    pub async fn dump(&self, when: &str) {
        self.place(places::dump(&self.suite, when).await);
    }

    /// Somebody's token, kept as a secret.
    pub fn token(&self, who: &str) -> String {
        let token = self.suite.access.token(who);
        self.secret(Planted::token(&format!("token of {who}"), &token));
        token
    }

    /// The answer to a call that has to go well.
    pub fn good<T>(&self, call: &str, answer: Result<Response<T>, Status>) -> T {
        answer.unwrap_or_else(|status| panic!("{call}: {status}")).into_inner()
    }

    /// Keeps the error of a call that has to be refused.
    pub fn bad<T>(&self, call: &str, answer: Result<Response<T>, Status>) -> Status {
        let Err(status) = answer else { panic!("{call} was not refused") };
        self.place(of_status(call, &status));
        status
    }

    /// Keeps the error of a call that may be refused or not: what was taken is found in the database, if it is there.
    pub fn either<T>(&self, call: &str, answer: Result<Response<T>, Status>) {
        if let Err(status) = answer {
            self.place(of_status(call, &status));
        }
    }

    pub fn ticket(&self, who: &str) -> TicketServiceClient<As> {
        TicketServiceClient::new(self.channel(Part::Ticket, who))
    }

    pub fn staff(&self, who: &str) -> StaffServiceClient<As> {
        StaffServiceClient::new(self.channel(Part::Ticket, who))
    }

    pub fn identity(&self, who: &str) -> IdentityServiceClient<As> {
        IdentityServiceClient::new(self.channel(Part::Identity, who))
    }

    pub fn notification(&self, who: &str) -> NotificationServiceClient<As> {
        NotificationServiceClient::new(self.channel(Part::Notification, who))
    }

    pub fn sla(&self, who: &str) -> SlaServiceClient<As> {
        SlaServiceClient::new(self.channel(Part::Sla, who))
    }

    pub fn outbox(&self, part: Part) -> OutboxServiceClient<As> {
        OutboxServiceClient::new(self.channel(part, ADMINISTRATOR))
    }

    fn channel(&self, part: Part, who: &str) -> As {
        self.suite.channel_as(part, Some(self.token(who)))
    }
}
