//! What must hold once everything is filed and nothing is under way.
//!
//! | compared | with | a difference is |
//! |---|---|---|
//! | every acknowledged number, found by it | its name and phone as filed | an appeal lost |
//! | every form sent once more | the answer given then | a request id forgotten |
//! | ListAppeals, all pages | the acknowledged names | an appeal filed twice, or lost |
//! | notifications of each appeal | one, `registration`, its SMS accepted | a call between services lost or doubled |
//! | `submit_sm` at the SMS centre, by phone | every part of the text with the number, once | an SMS lost, or doubled without a label |
//! | `possibly_doubled` | deliveries tried more than once | a label on what can't be doubled |
//! | calls of the four outboxes | none waiting, dead or refused | work left undone |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result, ensure};
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{Channel as Way, ListNotificationsRequest, Notification, delivery, notification};
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::{ListCallsRequest, call};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{FindAppealRequest, ListAppealsRequest};
use testkit::smsc::{Smsc, Submitted, put_together};
use tokio::time::{MissedTickBehavior, interval};

use crate::PATIENCE;
use crate::desk::{Desk, Filed};
use crate::house::House;
use crate::outside::Outside;

/// How often it is looked whether all is quiet.
const LOOK: Duration = Duration::from_millis(500);
/// Most faults of one kind that are told.
const TOLD: usize = 5;

/// Numbers and faults.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What does not hold.
    pub faults: Vec<String>,
    acknowledged: usize,
    submits: usize,
    doubled: usize,
    labelled: usize,
}

/// Waits for quiet, then compares.
///
/// # Errors
/// It does not get quiet, or a service can't be asked.
pub async fn reach(smsc: &Smsc, house: &mut House, desk: &Desk) -> Result<Verdict> {
    let (portal, supervisor, administrator) =
        (house.outside("portal").await?, house.outside("supervisor").await?, house.outside("administrator").await?);
    house.besides(PATIENCE, quiet(&administrator)).await.context("waiting until nothing is under way")?;

    let filed = desk.filed();
    let mut verdict = Verdict { acknowledged: filed.len(), ..Verdict::default() };
    verdict.words(&house.words());
    house.besides(PATIENCE, verdict.appeals(&filed, &portal, &supervisor)).await??;
    let notifications = house.besides(PATIENCE, all_notifications(&administrator)).await??;
    verdict.messages(&filed, &notifications, &smsc.submits());
    for state in [call::State::Dead, call::State::Refused] {
        for part in Part::ALL {
            if has_calls(&administrator, part, state).await? {
                verdict.fault(format!("{part} has {state:?} calls in its outbox"));
            }
        }
    }
    Ok(verdict)
}

/// Until no outbox has a call waiting and no notification is queued. Errors count as unrest: the last kill may be a moment ago.
async fn quiet(administrator: &Outside) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if is_quiet(administrator).await.unwrap_or(false) {
            return;
        }
    }
}

async fn is_quiet(administrator: &Outside) -> Result<bool> {
    // In the order of the work: what leaves one place is looked for in the next.
    for part in [Part::Ticket, Part::Sla, Part::Identity] {
        if has_calls(administrator, part, call::State::Waiting).await? {
            return Ok(false);
        }
    }
    let queued = ListNotificationsRequest {
        state: notification::State::Queued.into(),
        page_size: 1,
        ..ListNotificationsRequest::default()
    };
    let mut client = NotificationServiceClient::new(administrator.channel(Part::Notification));
    if !client.list_notifications(administrator.ask(queued)).await?.into_inner().notifications.is_empty() {
        return Ok(false);
    }
    Ok(!has_calls(administrator, Part::Notification, call::State::Waiting).await?)
}

async fn has_calls(administrator: &Outside, part: Part, state: call::State) -> Result<bool> {
    let request = ListCallsRequest { state: state.into(), page_size: 1, ..ListCallsRequest::default() };
    let mut client = OutboxServiceClient::new(administrator.channel(part));
    let answer = client.list_calls(administrator.ask(request)).await;
    Ok(!answer.with_context(|| format!("listing {part}'s calls"))?.into_inner().calls.is_empty())
}

async fn all_notifications(administrator: &Outside) -> Result<Vec<Notification>> {
    let mut client = NotificationServiceClient::new(administrator.channel(Part::Notification));
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListNotificationsRequest { page_size: 200, page_token, ..ListNotificationsRequest::default() };
        let page =
            client.list_notifications(administrator.ask(request)).await.context("ListNotifications")?.into_inner();
        all.extend(page.notifications);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Whether everything holds.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    fn all<T: fmt::Debug>(&mut self, what: &str, which: &[T]) {
        if !which.is_empty() {
            self.fault(format!("{} {what}, such as {:?}", which.len(), &which[..which.len().min(TOLD)]));
        }
    }

    fn words(&mut self, words: &str) {
        // As the services' own hook tells it, and as the runtime does where that is not yet in place.
        let is_panic = |line: &&str| line.contains("panic: ") || line.contains("panicked at");
        let panics: Vec<&str> = words.lines().filter(is_panic).collect();
        self.all("lines of the log tell of a panic", &panics);
    }

    async fn appeals(&mut self, filed: &[Filed], portal: &Outside, supervisor: &Outside) -> Result<()> {
        let names: BTreeSet<&str> = filed.iter().map(|it| it.name.as_str()).collect();
        let numbers: BTreeSet<&str> = filed.iter().map(|it| it.number.as_str()).collect();
        if (names.len(), numbers.len()) != (filed.len(), filed.len()) {
            self.fault(format!("{} names and {} numbers for {} appeals", names.len(), numbers.len(), filed.len()));
        }

        let mut ticket = TicketServiceClient::new(portal.channel(Part::Ticket));
        let (mut lost, mut changed) = (Vec::new(), Vec::new());
        for it in filed {
            let found = ticket.find_appeal(portal.ask(FindAppealRequest { number: it.number.clone() })).await;
            let is_it = found.is_ok_and(|found| {
                let found = found.into_inner();
                found.name == it.name && found.contact.is_some_and(|contact| contact.phone == format!("+{}", it.phone))
            });
            if !is_it {
                lost.push(&it.number);
            }
            let again = ticket.file_appeal(portal.ask(it.form.clone())).await;
            if !again.is_ok_and(|again| again.get_ref().name == it.name && again.get_ref().number == it.number) {
                changed.push(&it.number);
            }
        }
        self.all("acknowledged appeals are not found, or not as filed", &lost);
        self.all("forms sent once more got another answer", &changed);

        let mut ticket = TicketServiceClient::new(supervisor.channel(Part::Ticket));
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListAppealsRequest { page_size: 200, page_token, ..ListAppealsRequest::default() };
            let page = ticket.list_appeals(supervisor.ask(request)).await.context("ListAppeals")?.into_inner();
            listed.extend(page.appeals.into_iter().map(|appeal| appeal.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        ensure!(!listed.is_empty(), "ListAppeals shows nothing");
        let strangers: Vec<&String> = listed.iter().filter(|name| !names.contains(name.as_str())).collect();
        self.all("appeals exist that nobody was told of: filed twice", &strangers);
        if listed.len() != filed.len() {
            self.fault(format!("{} appeals are listed, {} were acknowledged", listed.len(), filed.len()));
        }
        Ok(())
    }

    fn messages(&mut self, filed: &[Filed], notifications: &[Notification], submits: &[Submitted]) {
        self.submits = submits.len();
        let mut by_phone: BTreeMap<&str, Vec<Submitted>> = BTreeMap::new();
        for submit in submits {
            by_phone.entry(&submit.to).or_default().push(submit.clone());
        }
        let mut by_subject: BTreeMap<&str, Vec<&Notification>> = BTreeMap::new();
        for notification in notifications {
            by_subject.entry(&notification.subject).or_default().push(notification);
        }
        let (mut unsent, mut unlabelled, mut mislabelled, mut wrong) = (vec![], vec![], vec![], vec![]);
        for it in filed {
            let told = by_subject.remove(it.name.as_str()).unwrap_or_default();
            let sms = match told.as_slice() {
                [one] if one.template == "registration" => {
                    one.deliveries.iter().find(|delivery| delivery.channel() == Way::Sms)
                }
                _ => None,
            };
            let Some(sms) = sms.filter(|sms| sms.state() == delivery::State::Accepted) else {
                wrong.push(&it.number);
                continue;
            };
            let given = by_phone.remove(it.phone.as_str()).unwrap_or_default();
            let is_there = put_together(&given).iter().any(|sms| sms.whole && sms.text.contains(&it.number));
            if !is_there {
                unsent.push(&it.number);
            }
            let parts: BTreeSet<_> = given.iter().map(|submit| submit.part).collect();
            let is_doubled = parts.len() < given.len();
            self.doubled += usize::from(is_doubled);
            self.labelled += usize::from(sms.possibly_doubled);
            if is_doubled && !sms.possibly_doubled {
                unlabelled.push(&it.number);
            }
            if sms.possibly_doubled && sms.attempts < 2 {
                mislabelled.push(&it.number);
            }
        }
        self.all("appeals have not one registration notice with its SMS accepted", &wrong);
        self.all("registration SMS did not reach the SMS centre whole", &unsent);
        self.all("SMS are doubled and not labelled so", &unlabelled);
        self.all("SMS are labelled as doubled and were tried once", &mislabelled);
        self.all("phones got SMS that nobody there filed for", &by_phone.keys().collect::<Vec<_>>());
        self.all("subjects of notifications are no appeal of ours", &by_subject.keys().collect::<Vec<_>>());
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "kill9: {} acknowledged appeals; {} submits at the SMS centre; SMS doubled {}, labelled as perhaps doubled {}",
            self.acknowledged, self.submits, self.doubled, self.labelled
        )?;
        for fault in &self.faults {
            write!(f, "\nkill9: FAULT: {fault}")?;
        }
        Ok(())
    }
}
