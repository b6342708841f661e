//! The clients: each takes the next form and sends it, with one request id, until it is acknowledged.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context, Result, bail};
use clock::{Clock, SystemClock};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{Appeal, FileAppealRequest};
use tests::forms;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tonic::{Code, Status};

use crate::PATIENCE;
use crate::outside::Outside;

/// Clients at once.
pub const CLIENTS: usize = 16;
/// The shortest time between two tries of one client.
const PACE: Duration = Duration::from_millis(50);

/// All forms and what became of them.
#[derive(Debug)]
pub struct Desk {
    outside: Outside,
    forms: Vec<FileAppealRequest>,
    next: AtomicUsize,
    /// Forms up to this one are handed out, so that the clients do not run away from the plan.
    open: watch::Sender<usize>,
    under_way: AtomicUsize,
    acknowledged: watch::Sender<usize>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    filed: BTreeMap<usize, Filed>,
    repeats: usize,
    /// Why a form had to be sent again.
    causes: BTreeMap<String, usize>,
}

/// An acknowledged appeal.
#[derive(Clone, Debug)]
pub struct Filed {
    /// As the client sent it.
    pub form: FileAppealRequest,
    /// The applicant's number as the SMS centre sees it.
    pub phone: String,
    /// `appeals/…`, as acknowledged.
    pub name: String,
    /// What the applicant was told.
    pub number: String,
}

// === impl Desk ===

impl Desk {
    /// So many forms, each with a phone of its own.
    pub fn new(filings: usize, outside: Outside) -> Self {
        let now = SystemClock.now();
        let form = |index| {
            let mut form = forms::appeal(now);
            if let Some(contact) = form.appeal.as_mut().and_then(|appeal| appeal.contact.as_mut()) {
                contact.phone = format!("+{}", phone(index));
            }
            form
        };
        let forms = (0..filings).map(form).collect();
        Self {
            outside,
            forms,
            next: AtomicUsize::new(0),
            open: watch::Sender::new(0),
            under_way: AtomicUsize::new(0),
            acknowledged: watch::Sender::new(0),
            book: Mutex::default(),
        }
    }

    /// Files everything. It ends only with the failure of a form: refused for good, or not acknowledged for [`PATIENCE`].
    pub async fn file_all(self: Arc<Self>) -> anyhow::Error {
        match self.serve().await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    }

    async fn serve(self: Arc<Self>) -> Result<()> {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let desk = Arc::clone(&self);
            clients.spawn(async move {
                let mut ticket = TicketServiceClient::new(desk.outside.channel(Part::Ticket));
                loop {
                    let index = desk.next.fetch_add(1, Ordering::Relaxed);
                    let Some(form) = desk.forms.get(index) else { return anyhow::Ok(()) };
                    // Fails only when the sender is gone, and it is ours.
                    let _ = desk.open.subscribe().wait_for(|open| index < *open).await;
                    desk.under_way.fetch_add(1, Ordering::Relaxed);
                    let appeal = desk.file(&mut ticket, form).await.with_context(|| format!("form {index}"))?;
                    desk.under_way.fetch_sub(1, Ordering::Relaxed);
                    desk.note(index, appeal);
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.context("a client panicked")??;
        }
        Ok(())
    }

    async fn file(
        &self,
        ticket: &mut TicketServiceClient<tonic::transport::Channel>,
        form: &FileAppealRequest,
    ) -> Result<Appeal> {
        let began = Instant::now();
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            let status = match ticket.file_appeal(self.outside.ask(form.clone())).await {
                Ok(appeal) => return Ok(appeal.into_inner()),
                Err(status) => status,
            };
            let cause = cause(&status);
            if !is_worth_repeating(&status) {
                bail!("refused: {cause}");
            }
            if began.elapsed() > PATIENCE {
                bail!("not acknowledged for {} s; the last answer was {cause}", PATIENCE.as_secs());
            }
            let mut book = self.book();
            book.repeats += 1;
            *book.causes.entry(cause).or_default() += 1;
        }
    }

    fn note(&self, index: usize, appeal: Appeal) {
        let filed =
            Filed { form: self.forms[index].clone(), phone: phone(index), name: appeal.name, number: appeal.number };
        self.book().filed.insert(index, filed);
        self.acknowledged.send_modify(|count| *count += 1);
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out the forms up to this one.
    pub fn open_to(&self, forms: usize) {
        self.open.send_replace(forms);
    }

    /// Forms that a client is sending and has no acknowledgement of.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Appeals acknowledged by now.
    pub fn count(&self) -> usize {
        *self.acknowledged.borrow()
    }

    /// Waits until `count` appeals are acknowledged, or all.
    pub async fn acknowledged(&self, count: usize) {
        let count = count.min(self.forms.len());
        // Fails only when the sender is gone, and it is ours.
        let _ = self.acknowledged.subscribe().wait_for(|it| *it >= count).await;
    }

    /// Every acknowledged appeal.
    pub fn filed(&self) -> Vec<Filed> {
        self.book().filed.values().cloned().collect()
    }

    /// What the clients lived through.
    pub fn tale(&self) -> String {
        let book = self.book();
        let mut tale = format!("{} filed, {} times sent again", book.filed.len(), book.repeats);
        for (cause, count) in &book.causes {
            let _ = write!(tale, "\n       {count:>5} {cause}");
        }
        tale
    }
}

/// Digits only.
fn phone(index: usize) -> String {
    format!("7916{:07}", 1_000_000 + index)
}

/// A service's own INTERNAL is a fault even while it is being killed: what is away must be said to be away.
fn is_worth_repeating(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted => true,
        // What the client's own end makes of a connection that broke. A service sends details with each of its errors.
        Code::Cancelled | Code::Unknown | Code::Internal => status.details().is_empty(),
        _ => false,
    }
}

fn cause(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    match status.get_details_error_info() {
        Some(info) => {
            let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
            let fields: Vec<_> = fields.into_iter().map(|it| format!(", {}: {}", it.field, it.description)).collect();
            format!("{:?} {}{}", status.code(), info.reason, fields.concat())
        }
        None => format!("{:?} by the connection", status.code()),
    }
}
