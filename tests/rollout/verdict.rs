//! What must hold when nothing is under way any more.
//!
//! | compared | with | a difference is |
//! |---|---|---|
//! | every acknowledged number, found by it | its name | an appeal lost |
//! | ListAppeals, all pages | the acknowledged names | an appeal doubled |
//! | ListDeadlines in every state | the acknowledged names | a promise that nobody watches |
//! | notifications of each appeal | one `registration` among them | a call between services lost or doubled |
//! | SMS at the centre and mails at the relay, by recipient | one for each of those notifications, whole | a message lost or doubled |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result};
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{Channel as Way, ListNotificationsRequest, Notification, delivery, notification};
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::{ListCallsRequest, call};
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::sla::v1::{ListDeadlinesRequest, deadline};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{FindAppealRequest, ListAppealsRequest};
use rpc::Role;
use testkit::mailbox::Mail;
use testkit::smsc::{Submitted, put_together};
use tokio::time::{MissedTickBehavior, interval};

use crate::load::Filed;
use crate::outside::Outside;
use crate::world::World;

/// How often it is looked whether all is quiet.
const LOOK: Duration = Duration::from_millis(200);

/// Numbers, and what does not hold.
#[derive(Debug, Default)]
pub struct Verdict {
    lost: usize,
    doubled: usize,
    sms: usize,
    mails: usize,
    pub faults: Vec<String>,
}

/// Whoever looks.
struct Auditor {
    supervisor: Outside,
    administrator: Outside,
}

/// Waits for quiet, then compares.
///
/// # Errors
/// A service can't be asked.
pub async fn reach(world: &World, filed: &[Filed], is_sent: bool) -> Result<Verdict> {
    let auditor = Auditor {
        supervisor: Outside::new(world, "staff/head", Role::Supervisor)?,
        administrator: Outside::new(world, "staff/admin", Role::Administrator)?,
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !auditor.is_quiet().await? {
        looks.tick().await;
    }
    let mut verdict = Verdict::default();
    auditor.appeals(filed, &mut verdict).await?;
    let notifications = auditor.notifications().await?;
    verdict.messages(filed, &notifications, is_sent.then(|| (world.smsc.submits(), world.relay.mails())));
    for state in [call::State::Dead, call::State::Refused] {
        for part in Part::ALL {
            if auditor.has_calls(part, state).await? {
                verdict.faults.push(format!("{part} has {state:?} calls in its outbox"));
            }
        }
    }
    Ok(verdict)
}

// === impl Auditor ===

impl Auditor {
    /// No outbox has a call waiting and no notification is queued; in the order of the work.
    async fn is_quiet(&self) -> Result<bool> {
        for part in [Part::Ticket, Part::Sla, Part::Identity] {
            if self.has_calls(part, call::State::Waiting).await? {
                return Ok(false);
            }
        }
        let state = notification::State::Queued.into();
        let queued = ListNotificationsRequest { state, page_size: 1, ..ListNotificationsRequest::default() };
        let mut client = NotificationServiceClient::new(self.administrator.channel(Part::Notification));
        let queued = client.list_notifications(self.administrator.ask(queued)).await?.into_inner();
        Ok(queued.notifications.is_empty() && !self.has_calls(Part::Notification, call::State::Waiting).await?)
    }

    async fn has_calls(&self, part: Part, state: call::State) -> Result<bool> {
        let request = ListCallsRequest { state: state.into(), page_size: 1, ..ListCallsRequest::default() };
        let mut client = OutboxServiceClient::new(self.administrator.channel(part));
        let answer = client.list_calls(self.administrator.ask(request)).await;
        Ok(!answer.with_context(|| format!("listing {part}'s calls"))?.into_inner().calls.is_empty())
    }

    async fn appeals(&self, filed: &[Filed], verdict: &mut Verdict) -> Result<()> {
        let mut ticket = TicketServiceClient::new(self.supervisor.channel(Part::Ticket));
        for it in filed {
            let found = ticket.find_appeal(self.supervisor.ask(FindAppealRequest { number: it.number.clone() })).await;
            if !found.is_ok_and(|found| found.get_ref().name == it.name) {
                verdict.lose(&it.number, "is not found");
            }
        }
        let names: BTreeSet<&str> = filed.iter().map(|it| it.name.as_str()).collect();
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListAppealsRequest { page_size: 200, page_token, ..ListAppealsRequest::default() };
            let page = ticket.list_appeals(self.supervisor.ask(request)).await.context("ListAppeals")?.into_inner();
            listed.extend(page.appeals.into_iter().map(|appeal| appeal.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        for name in listed.iter().filter(|name| !names.contains(name.as_str())) {
            verdict.double(name, "exists and nobody was told of it");
        }
        let tracked = self.tracked().await?;
        for it in filed.iter().filter(|it| !tracked.contains(&it.name.replacen("appeals/", "deadlines/", 1))) {
            verdict.lose(&it.number, "is not tracked by the SLA monitor");
        }
        Ok(())
    }

    async fn tracked(&self) -> Result<BTreeSet<String>> {
        let mut sla = SlaServiceClient::new(self.supervisor.channel(Part::Sla));
        let mut tracked = BTreeSet::new();
        for state in [deadline::State::Tracked, deadline::State::Stopped] {
            let mut page_token = String::new();
            loop {
                let state = state.into();
                let request =
                    ListDeadlinesRequest { page_size: 200, page_token, state, ..ListDeadlinesRequest::default() };
                let page =
                    sla.list_deadlines(self.supervisor.ask(request)).await.context("ListDeadlines")?.into_inner();
                tracked.extend(page.deadlines.into_iter().map(|deadline| deadline.name));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
        }
        Ok(tracked)
    }

    async fn notifications(&self) -> Result<Vec<Notification>> {
        let mut client = NotificationServiceClient::new(self.administrator.channel(Part::Notification));
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request =
                ListNotificationsRequest { page_size: 200, page_token, ..ListNotificationsRequest::default() };
            let page = client.list_notifications(self.administrator.ask(request)).await?.into_inner();
            all.extend(page.notifications);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}

// === impl Verdict ===

impl Verdict {
    fn lose(&mut self, number: &str, what: &str) {
        self.lost += 1;
        self.faults.push(format!("{number} {what}"));
    }

    fn double(&mut self, which: &str, what: &str) {
        self.doubled += 1;
        self.faults.push(format!("{which} {what}"));
    }

    /// `outside` is what the SMS centre and the mail relay were given, where messages go that far.
    fn messages(
        &mut self,
        filed: &[Filed],
        notifications: &[Notification],
        outside: Option<(Vec<Submitted>, Vec<Mail>)>,
    ) {
        let is_sent = outside.is_some();
        let (mut by_phone, mut by_mailbox) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        let (submits, mails) = outside.unwrap_or_default();
        for submit in submits {
            by_phone.entry(submit.to.clone()).or_default().push(submit);
        }
        for mail in mails {
            by_mailbox.entry(mail.to.concat()).or_default().push(mail);
        }
        let mut by_subject = BTreeMap::<&str, Vec<&Notification>>::new();
        for notification in notifications {
            by_subject.entry(&notification.subject).or_default().push(notification);
        }
        for it in filed {
            let told = by_subject.remove(it.name.as_str()).unwrap_or_default();
            match told.iter().filter(|it| it.template == "registration").count() {
                0 => self.lose(&it.number, "has no registration notice"),
                1 => {}
                _ => self.double(&it.number, "has more than one registration notice"),
            }
            if !is_sent {
                continue;
            }
            let submits = by_phone.remove(&it.phone).unwrap_or_default();
            let parts: BTreeSet<_> = submits.iter().map(|submit| (submit.part, &submit.text)).collect();
            if parts.len() < submits.len() {
                self.double(&it.number, "was told something twice by SMS");
            }
            let sms: Vec<String> =
                put_together(&submits).into_iter().filter(|sms| sms.whole).map(|sms| sms.text).collect();
            self.sms += self.arrived(it, &told, Way::Sms, &sms);
            let mails = by_mailbox.remove(&it.mailbox()).unwrap_or_default();
            let mails: Vec<String> = mails.iter().map(|mail| mail.text().unwrap_or_default()).collect();
            if mails.iter().collect::<BTreeSet<_>>().len() < mails.len() {
                self.double(&it.number, "was told something twice by e-mail");
            }
            self.mails += self.arrived(it, &told, Way::Email, &mails);
        }
        for whom in by_phone.keys().chain(by_mailbox.keys()) {
            self.faults.push(format!("{whom} got messages that nobody there filed for"));
        }
    }

    /// Compares the texts that came with what is recorded as sent that way, and answers how many came.
    fn arrived(&mut self, it: &Filed, told: &[&Notification], way: Way, texts: &[String]) -> usize {
        let deliveries = told.iter().flat_map(|it| &it.deliveries).filter(|it| it.channel() == way);
        let accepted = deliveries.filter(|it| it.state() == delivery::State::Accepted).count();
        if !texts.iter().any(|text| text.contains(&it.number)) {
            self.lose(&it.number, &format!("is in no message by {way:?}"));
        }
        if texts.len() != accepted {
            self.faults.push(format!("{}: by {way:?} {accepted} are recorded, {} came", it.number, texts.len()));
        }
        texts.len()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, doubled, sms, mails, .. } = self;
        write!(f, "lost {lost}, doubled {doubled}; SMS {sms}, e-mails {mails}")
    }
}
