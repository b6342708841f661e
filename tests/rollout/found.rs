//! What the services tell when all is quiet: all of it, page by page.

use std::collections::BTreeSet;

use all_in_one::Part;
use anyhow::{Context, Result};
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::identity::v1::{Citizen, GetCitizenRequest};
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{ListNotificationsRequest, Notification};
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::sla::v1::{Deadline, GetDeadlineRequest, ListDeadlinesRequest, deadline};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{
    Appeal, AppealEvent, FindAppealRequest, ListAppealEventsRequest, ListAppealsRequest, ListMessagesRequest, Message,
};
use sqlx::Connection as _;
use tonic::Code;

use crate::book::Filed;
use crate::dues::Planned;
use crate::verdict::Auditor;
use crate::world::World;

/// The largest page of each list.
const PAGE: i32 = 500;

/// All there is.
#[derive(Debug, Default)]
pub struct Found {
    pub appeals: Vec<Appeal>,
    /// Of all appeals.
    pub events: Vec<AppealEvent>,
    /// Of all appeals.
    pub messages: Vec<Message>,
    /// The name by each number, where it is found by it.
    pub numbers: Vec<(String, String)>,
    pub deadlines: Vec<Deadline>,
    /// Those of which something was to fall due, with their rungs.
    pub due: Vec<Deadline>,
    pub notifications: Vec<Notification>,
    pub citizens: Vec<Citizen>,
}

// === impl Found ===

impl Found {
    /// # Errors
    /// A service does not answer.
    pub async fn read(world: &World, auditor: &Auditor, filed: &[Filed], planned: &[Planned]) -> Result<Self> {
        let mut found = Self {
            appeals: auditor.appeals().await.context("ListAppeals")?,
            numbers: auditor.numbers(filed).await,
            deadlines: auditor.deadlines().await.context("ListDeadlines")?,
            notifications: auditor.notifications().await.context("ListNotifications")?,
            citizens: auditor.citizens(world).await.context("citizens")?,
            due: auditor.due(planned).await.context("GetDeadline")?,
            ..Self::default()
        };
        for appeal in &found.appeals {
            found.events.extend(auditor.events(&appeal.name).await.context("ListAppealEvents")?);
            found.messages.extend(auditor.messages(&appeal.name).await.context("ListMessages")?);
        }
        Ok(found)
    }
}

// === impl Auditor ===

impl Auditor {
    async fn appeals(&self) -> Result<Vec<Appeal>> {
        let ask = async |page_token| {
            let request = ListAppealsRequest { page_size: PAGE, page_token, ..ListAppealsRequest::default() };
            let mut ticket = TicketServiceClient::new(self.supervisor.channel(Part::Ticket));
            let page = ticket.list_appeals(self.supervisor.ask(request)).await?.into_inner();
            Ok((page.appeals, page.next_page_token))
        };
        all(ask).await
    }

    async fn events(&self, appeal: &str) -> Result<Vec<AppealEvent>> {
        let ask = async |page_token| {
            let request = ListAppealEventsRequest { parent: appeal.to_owned(), page_size: PAGE, page_token };
            let mut ticket = TicketServiceClient::new(self.supervisor.channel(Part::Ticket));
            let page = ticket.list_appeal_events(self.supervisor.ask(request)).await?.into_inner();
            Ok((page.events, page.next_page_token))
        };
        all(ask).await
    }

    async fn messages(&self, appeal: &str) -> Result<Vec<Message>> {
        let ask = async |page_token| {
            let request = ListMessagesRequest { parent: appeal.to_owned(), page_size: PAGE, page_token };
            let mut ticket = TicketServiceClient::new(self.supervisor.channel(Part::Ticket));
            let page = ticket.list_messages(self.supervisor.ask(request)).await?.into_inner();
            Ok((page.messages, page.next_page_token))
        };
        all(ask).await
    }

    async fn numbers(&self, filed: &[Filed]) -> Vec<(String, String)> {
        let mut ticket = TicketServiceClient::new(self.supervisor.channel(Part::Ticket));
        let mut numbers = Vec::new();
        for Filed { number, .. } in filed {
            let found = ticket.find_appeal(self.supervisor.ask(FindAppealRequest { number: number.clone() })).await;
            numbers.extend(found.map(|found| (number.clone(), found.into_inner().name)));
        }
        numbers
    }

    async fn deadlines(&self) -> Result<Vec<Deadline>> {
        let mut deadlines = Vec::new();
        for state in [deadline::State::Tracked, deadline::State::Stopped] {
            let state = state.into();
            let ask = async |page_token| {
                let request =
                    ListDeadlinesRequest { page_size: PAGE, page_token, state, ..ListDeadlinesRequest::default() };
                let mut sla = SlaServiceClient::new(self.supervisor.channel(Part::Sla));
                let page = sla.list_deadlines(self.supervisor.ask(request)).await?.into_inner();
                Ok((page.deadlines, page.next_page_token))
            };
            deadlines.extend(all(ask).await?);
        }
        Ok(deadlines)
    }

    async fn due(&self, planned: &[Planned]) -> Result<Vec<Deadline>> {
        let mut sla = SlaServiceClient::new(self.supervisor.channel(Part::Sla));
        let mut due = Vec::new();
        for appeal in planned.iter().map(|it| it.appeal.as_str()).collect::<BTreeSet<_>>() {
            let request = GetDeadlineRequest { name: appeal.replacen("appeals/", "deadlines/", 1) };
            due.push(sla.get_deadline(self.supervisor.ask(request)).await?.into_inner());
        }
        Ok(due)
    }

    async fn notifications(&self) -> Result<Vec<Notification>> {
        let ask = async |page_token| {
            let request =
                ListNotificationsRequest { page_size: PAGE, page_token, ..ListNotificationsRequest::default() };
            let mut notification = NotificationServiceClient::new(self.administrator.channel(Part::Notification));
            let page = notification.list_notifications(self.administrator.ask(request)).await?.into_inner();
            Ok((page.notifications, page.next_page_token))
        };
        all(ask).await
    }

    /// No service lists people, so Postgres says who there is, and the service what it knows of each.
    async fn citizens(&self, world: &World) -> Result<Vec<Citizen>> {
        let mut admin = world.admin().await?;
        let names: Vec<String> =
            sqlx::query_scalar("SELECT 'citizens/' || citizen_id FROM identity.citizen").fetch_all(&mut admin).await?;
        admin.close().await?;
        let mut identity = IdentityServiceClient::new(self.portal.channel(Part::Identity));
        let mut citizens = Vec::new();
        for name in names {
            match identity.get_citizen(self.portal.ask(GetCitizenRequest { name })).await {
                Ok(citizen) => citizens.push(citizen.into_inner()),
                Err(status) if status.code() == Code::NotFound => {}
                Err(status) => return Err(status.into()),
            }
        }
        Ok(citizens)
    }
}

/// All pages of a list; `ask` answers one, and the token of the next.
async fn all<T>(ask: impl AsyncFn(String) -> Result<(Vec<T>, String)>) -> Result<Vec<T>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let (page, next) = ask(page_token).await?;
        all.extend(page);
        if next.is_empty() {
            return Ok(all);
        }
        page_token = next;
    }
}
