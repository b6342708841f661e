//! People at work, at a steady rate whatever the answers take. Each request is sent, with one request id, until it is answered; whatever
//! is neither OK nor worth repeating is a fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context, Result};
use clock::{Clock as _, SystemClock};
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::identity::v1::{Citizen, CreateCitizenRequest, GetCitizenRequest};
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::sla::v1::ListDeadlinesRequest;
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::ticket::v1::staff_service_client::StaffServiceClient;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{
    AssignAppealRequest, ClaimNextAppealRequest, CreateMemberRequest, GetAppealRequest, ListAppealsRequest, Member,
    member,
};
use rpc::Role;
use tests::forms;
use tokio::task::JoinSet;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::book::{Book, Filed};
use crate::outside::Outside;
use crate::world::World;

/// What the appeals are about that are filed all the time.
pub const CATEGORY: &str = "code_not_arriving";
/// How long a request may be repeated before that is a fault.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Most of a kind at once: a machine that is busy with other things is not to be buried.
const AT_ONCE: usize = 4;
/// The pause before a repetition when the answer names none.
pub const PAUSE: Duration = Duration::from_millis(50);

/// Everybody who calls, and what became of it.
#[derive(Debug)]
pub struct Load {
    portal: Outside,
    specialist: Outside,
    guard: Outside,
    supervisor: Outside,
    book: Mutex<Book>,
}

// === impl Load ===

impl Load {
    /// Makes the members of staff who will work.
    ///
    /// # Errors
    /// They can't be made.
    pub async fn new(world: &World) -> Result<Self> {
        let administrator = Outside::new(world, "staff/admin", Role::Administrator)?;
        let mut staff = StaffServiceClient::new(administrator.channel(Part::Ticket));
        let (access, security) = ("access".to_owned(), "security".to_owned());
        for (id, level, groups) in [
            // Whoever claims appeals leaves alone those that are to fall due.
            ("spec", member::Level::Specialist, vec![access.clone()]),
            ("guard", member::Level::Specialist, vec![security.clone()]),
            ("senior", member::Level::SeniorSpecialist, vec![access.clone(), security.clone()]),
            ("head", member::Level::Supervisor, vec![access, security]),
        ] {
            let member = Member {
                name: format!("staff/{id}"),
                display_name: id.to_owned(),
                level: level.into(),
                groups,
                language_codes: vec!["ru".to_owned()],
                on_duty: true,
                ..Member::default()
            };
            let request = CreateMemberRequest { member: Some(member), request_id: forms::request_id() };
            staff.create_member(administrator.ask(request)).await.context("CreateMember")?;
        }
        Ok(Self {
            portal: Outside::new(world, "systems/portal", Role::System)?,
            specialist: Outside::new(world, "staff/spec", Role::Specialist)?,
            guard: Outside::new(world, "staff/guard", Role::Specialist)?,
            supervisor: Outside::new(world, "staff/head", Role::Supervisor)?,
            book: Mutex::default(),
        })
    }

    /// So far.
    pub fn book(&self) -> Book {
        self.open().clone()
    }

    fn open(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls until it is told to stop, and waits for what is under way.
    pub async fn run(self: Arc<Self>, watched: Filed, stop: CancellationToken) {
        tokio::join!(
            steadily(&stop, 4, || Arc::clone(&self).write(watched.name.clone())),
            steadily(&stop, 8, || {
                let load = Arc::clone(&self);
                async move { drop(load.file(CATEGORY).await) }
            }),
            steadily(&stop, 8, || Arc::clone(&self).get()),
            steadily(&stop, 2, || Arc::clone(&self).work()),
            steadily(&stop, 2, || Arc::clone(&self).register()),
            steadily(&stop, 2, || Arc::clone(&self).look()),
        );
    }

    /// Somebody files an appeal. `None` when that was a fault.
    pub async fn file(&self, category: &str) -> Option<Filed> {
        let phone = format!("79{:09}", 160_000_000 + self.open().number());
        let mut form = forms::filled(SystemClock.now(), category, "ru");
        if let Some(contact) = form.appeal.as_mut().and_then(|appeal| appeal.contact.as_mut()) {
            contact.phone = format!("+{phone}");
            contact.email = format!("{phone}@example.org");
        }
        let filed = self.insist("FileAppeal", || {
            let (mut ticket, form) = (ticket(&self.portal), self.portal.ask(form.clone()));
            async move { ticket.file_appeal(form).await }
        });
        let appeal = filed.await?;
        let filed = Filed { phone, name: appeal.name, number: appeal.number };
        self.open().done.filed.push(filed.clone());
        Some(filed)
    }

    /// The supervisor gives an appeal to a member. `None` when that was a fault.
    pub async fn assign(&self, appeal: &str, member: &str) -> Option<()> {
        let (name, assignee) = (appeal.to_owned(), member.to_owned());
        let request = AssignAppealRequest { name, assignee, request_id: forms::request_id(), etag: String::new() };
        let assigned = self.insist("AssignAppeal", || {
            let (mut ticket, request) = (ticket(&self.supervisor), self.supervisor.ask(request.clone()));
            async move { ticket.assign_appeal(request).await }
        });
        assigned.await?;
        self.open().done.assigned.insert((request.name, request.assignee));
        Some(())
    }

    /// Somebody adds to the conversation. `None` when that was a fault.
    async fn post(&self, who: &Outside, appeal: &str, text: &str) -> Option<()> {
        // No text is posted twice, so that one is known by it.
        let text = format!("{text} ({})", self.open().number());
        let message = forms::message(appeal, &text);
        let posted = self.insist("PostMessage", || {
            let (mut ticket, message) = (ticket(who), who.ask(message.clone()));
            async move { ticket.post_message(message).await }
        });
        let message = posted.await?;
        self.open().done.posted.insert((message.name, text));
        Some(())
    }

    /// The specialist of the other group gives the first answer. `None` when that was a fault.
    pub async fn answer(&self, appeal: &str) -> Option<()> {
        self.post(&self.guard, appeal, "Проверяем вход.").await
    }

    /// The applicant of the appeal that is watched adds something.
    async fn write(self: Arc<Self>, name: String) {
        self.post(&self.portal, &name, "Код всё ещё не приходит.").await;
    }

    async fn get(self: Arc<Self>) {
        let Some(Filed { name, .. }) = self.open().done.filed.last().cloned() else { return };
        let got = self.insist("GetAppeal", || {
            let request = self.portal.ask(GetAppealRequest { name: name.clone() });
            let mut ticket = ticket(&self.portal);
            async move { ticket.get_appeal(request).await }
        });
        got.await;
    }

    /// A specialist takes the next appeal, writes to the applicant and resolves it.
    async fn work(self: Arc<Self>) {
        let desk = &self.specialist;
        let request = ClaimNextAppealRequest { request_id: forms::request_id() };
        let claimed = self.insist("ClaimNextAppeal", || {
            let (mut ticket, request) = (ticket(desk), desk.ask(request.clone()));
            async move { ticket.claim_next_appeal(request).await }
        });
        let Some(appeal) = claimed.await.and_then(|it| it.appeal) else { return };
        self.open().done.claimed.insert((appeal.name.clone(), "staff/spec".to_owned()));
        self.post(desk, &appeal.name, "Проверяем ваш номер.").await;
        let resolution = forms::resolution(&appeal.name);
        let resolved = self.insist("ResolveAppeal", || {
            let (mut ticket, resolution) = (ticket(desk), desk.ask(resolution.clone()));
            async move { ticket.resolve_appeal(resolution).await }
        });
        if resolved.await.is_some() {
            self.open().done.resolved.insert((resolution.name, resolution.answer));
        }
    }

    /// The portal makes a citizen known, and asks for them.
    async fn register(self: Arc<Self>) {
        let identity = || IdentityServiceClient::new(self.portal.channel(Part::Identity));
        let phone = format!("+7926{:07}", 2_000_000 + self.open().number());
        let full_name = "Петров Иван Сергеевич".to_owned();
        let citizen = Citizen { full_name, phone: phone.clone(), ..Citizen::default() };
        let request = CreateCitizenRequest { citizen: Some(citizen), request_id: forms::request_id() };
        let made = self.insist("CreateCitizen", || {
            let (mut identity, request) = (identity(), self.portal.ask(request.clone()));
            async move { identity.create_citizen(request).await }
        });
        let Some(Citizen { name, .. }) = made.await else { return };
        self.open().done.citizens.insert((name.clone(), phone));
        let got = self.insist("GetCitizen", || {
            let (mut identity, request) = (identity(), self.portal.ask(GetCitizenRequest { name: name.clone() }));
            async move { identity.get_citizen(request).await }
        });
        got.await;
    }

    /// A supervisor looks at appeals, at promises and at messages.
    async fn look(self: Arc<Self>) {
        let head = &self.supervisor;
        let appeals = self.insist("ListAppeals", || {
            let (mut ticket, all) = (ticket(head), head.ask(ListAppealsRequest::default()));
            async move { ticket.list_appeals(all).await }
        });
        appeals.await;
        let deadlines = self.insist("ListDeadlines", || {
            let mut sla = SlaServiceClient::new(head.channel(Part::Sla));
            let all = head.ask(ListDeadlinesRequest::default());
            async move { sla.list_deadlines(all).await }
        });
        deadlines.await;
        let notifications = self.insist("ListNotifications", || {
            let mut notification = NotificationServiceClient::new(head.channel(Part::Notification));
            let all = head.ask(ListNotificationsRequest::default());
            async move { notification.list_notifications(all).await }
        });
        notifications.await;
    }

    /// Sends a request until it is answered. `None` when that was a fault, which is in the book.
    async fn insist<T, F>(&self, method: &'static str, call: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let began = Instant::now();
        self.open().requests += 1;
        loop {
            let status = match call().await {
                Ok(answer) => {
                    let mut book = self.open();
                    book.slowest = book.slowest.max(began.elapsed());
                    return Some(answer.into_inner());
                }
                Err(status) => status,
            };
            let cause = format!("{method}: {}", cause(&status));
            if !is_retryable(&status) || began.elapsed() > PATIENCE {
                let mut book = self.open();
                book.faults.push(cause);
                *book.done.open.entry(method).or_default() += 1;
                return None;
            }
            *self.open().retries.entry(cause).or_default() += 1;
            tokio::time::sleep(pause(&status)).await;
        }
    }
}

fn ticket(whose: &Outside) -> TicketServiceClient<Channel> {
    TicketServiceClient::new(whose.channel(Part::Ticket))
}

/// Begins `rate` times a second until `stop`, then waits for the ends.
async fn steadily<F>(stop: &CancellationToken, rate: u32, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut ticks, mut under_way) = (interval(Duration::from_secs(1) / rate), JoinSet::new());
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while under_way.try_join_next().is_some() {}
        if under_way.len() < AT_ONCE {
            under_way.spawn(work());
        }
    }
    under_way.join_all().await;
}

/// Whether the answer tells the client to come again.
pub fn is_retryable(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Aborted | Code::ResourceExhausted) || was_not_sent(status)
}

/// How long to wait until then.
pub fn pause(status: &Status) -> Duration {
    status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or(PAUSE)
}

/// No answer at all: the connection ended by graceful shutdown when the request was about to go out, and the server never saw it.
fn was_not_sent(status: &Status) -> bool {
    let is_own = std::error::Error::source(status).is_some_and(|it| it.is::<tonic::transport::Error>());
    let is_canceled = cause(status).ends_with("operation was canceled: connection closed");
    is_own && (is_canceled || format!("{status:?}").contains("NO_ERROR, Remote"))
}

/// A service sends details with each of its errors; what has none was made by the client's end of a connection.
pub fn cause(status: &Status) -> String {
    match status.get_details_error_info() {
        Some(info) => {
            let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
            let fields: Vec<_> = fields.into_iter().map(|it| format!(", {}: {}", it.field, it.description)).collect();
            format!("{:?} {}{}", status.code(), info.reason, fields.concat())
        }
        None => {
            let mut text = format!("{:?} by the connection, {}", status.code(), status.message());
            let mut source = std::error::Error::source(status);
            while let Some(error) = source {
                text = format!("{text}: {error}");
                source = error.source();
            }
            text
        }
    }
}
