//! The one call that lasts: somebody watches an appeal to which messages come all the time, and goes on from the last cursor whenever a
//! replica that ends takes the watch along.
//!
//! What was told must be the journal: no entry missing, none twice, whichever replicas told it. A watch may end as other calls may fail,
//! with OK or with what tells the client to come again; anything else is a fault, and so is a watch that a roll did not end, for then
//! nothing was tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context, Result};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{ListAppealEventsRequest, WatchAppealRequest, WatchAppealResponse};
use rpc::Role;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::book::Filed;
use crate::load::{self, PATIENCE, PAUSE};
use crate::outside::Outside;
use crate::world::World;

/// Somebody who watches. Until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    pub appeal: Filed,
    head: Outside,
    /// In the journal before the watch began.
    before: BTreeSet<String>,
    heard: Arc<Heard>,
    watching: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Heard {
    book: Mutex<Book>,
    /// Something was told.
    news: Notify,
}

/// What was told.
#[derive(Clone, Debug, Default)]
struct Book {
    cursor: String,
    messages: usize,
    /// How often each entry was told.
    events: BTreeMap<String, usize>,
    /// Why the watch was taken up again.
    ends: BTreeMap<String, usize>,
    faults: Vec<String>,
}

/// What the comparison with the journal came to.
#[derive(Debug)]
pub struct Told {
    book: Book,
    pub faults: Vec<String>,
}

// === impl Watcher ===

impl Watcher {
    /// Begins to watch an appeal.
    ///
    /// # Errors
    /// The watch does not begin, while no replica ends yet.
    pub async fn begin(world: &World, appeal: Filed) -> Result<Self> {
        let head = Outside::new(world, "staff/head", Role::Supervisor)?;
        let heard = Arc::new(Heard::default());
        let mut stream = open(&head, &appeal.name, "").await.context("WatchAppeal")?;
        heard.note(stream.message().await?.context("the watch says nothing")?);
        let before = journal(&head, &appeal.name).await?;
        let watching = tokio::spawn(watch(head.clone(), appeal.name.clone(), Arc::clone(&heard), stream));
        Ok(Self { appeal, head, before, heard, watching })
    }

    /// Compares what was told with the journal, once nothing is under way any more.
    ///
    /// # Errors
    /// The journal can't be read.
    pub async fn verdict(self) -> Result<Told> {
        let listed = journal(&self.head, &self.appeal.name).await?;
        let wanted: BTreeSet<&String> = listed.difference(&self.before).collect();
        let complete = async {
            loop {
                let news = self.heard.news.notified();
                let is_complete = wanted.iter().all(|name| self.heard.open().events.contains_key(*name));
                if is_complete || self.watching.is_finished() || !self.heard.open().faults.is_empty() {
                    return;
                }
                news.await;
            }
        };
        // What is still missing then is a fault.
        let _ = tokio::time::timeout(PATIENCE, complete).await;
        let book = self.heard.open().clone();
        let mut faults = book.faults.clone();
        let missing = wanted.iter().filter(|name| !book.events.contains_key(**name));
        faults.extend(missing.map(|name| format!("WatchAppeal: {name} was not told")));
        for (name, times) in &book.events {
            if *times > 1 {
                faults.push(format!("WatchAppeal: {name} was told {times} times"));
            }
            if !listed.contains(name) {
                faults.push(format!("WatchAppeal: {name} was told and is not in the journal"));
            }
        }
        if book.ends.is_empty() {
            faults.push("WatchAppeal: no replica that ended took the watch along".to_owned());
        }
        Ok(Told { book, faults })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

// === impl Heard ===

impl Heard {
    fn open(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, message: WatchAppealResponse) {
        let mut book = self.open();
        book.messages += 1;
        book.cursor = message.cursor;
        for event in message.events {
            *book.events.entry(event.name).or_default() += 1;
        }
        self.news.notify_one();
    }

    /// An end, `since` nothing was told: after what pause to go on. `None` when that was a fault.
    fn end(&self, status: Option<&Status>, since: Instant) -> Option<Duration> {
        let cause = status.map_or("OK".to_owned(), load::cause);
        let cause = format!("WatchAppeal: {cause}");
        let mut book = self.open();
        if status.is_some_and(|it| !load::is_retryable(it)) || since.elapsed() > PATIENCE {
            book.faults.push(cause);
            return None;
        }
        *book.ends.entry(cause).or_default() += 1;
        Some(status.map_or(PAUSE, load::pause))
    }
}

async fn watch(head: Outside, name: String, heard: Arc<Heard>, first: Streaming<WatchAppealResponse>) {
    let mut stream = Some(first);
    // Since when nothing was told, once a watch has ended.
    let mut silent = Instant::now();
    loop {
        let end = match &mut stream {
            Some(messages) => match messages.message().await {
                Ok(Some(message)) => {
                    heard.note(message);
                    silent = Instant::now();
                    continue;
                }
                Ok(None) => None,
                Err(status) => Some(status),
            },
            None => {
                let cursor = heard.open().cursor.clone();
                match open(&head, &name, &cursor).await {
                    Ok(opened) => {
                        stream = Some(opened);
                        continue;
                    }
                    Err(status) => Some(status),
                }
            }
        };
        stream = None;
        let Some(pause) = heard.end(end.as_ref(), silent) else {
            // Whoever waits for more is told that none comes.
            return heard.news.notify_one();
        };
        tokio::time::sleep(pause).await;
    }
}

async fn open(head: &Outside, name: &str, cursor: &str) -> Result<Streaming<WatchAppealResponse>, Status> {
    let request = WatchAppealRequest { name: name.to_owned(), start_cursor: cursor.to_owned() };
    Ok(ticket(head).watch_appeal(head.ask_without_end(request)).await?.into_inner())
}

/// The names of all entries.
async fn journal(head: &Outside, name: &str) -> Result<BTreeSet<String>> {
    let (mut names, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let request = ListAppealEventsRequest { parent: name.to_owned(), page_size: 500, page_token };
        let page = ticket(head).list_appeal_events(head.ask(request)).await.context("ListAppealEvents")?.into_inner();
        names.extend(page.events.into_iter().map(|event| event.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(names);
        }
    }
}

fn ticket(whose: &Outside) -> TicketServiceClient<Channel> {
    TicketServiceClient::new(whose.channel(Part::Ticket))
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Book { messages, events, ends, .. } = &self.book;
        let again: usize = ends.values().sum();
        write!(f, "watch: {} entries in {messages} messages, taken up again {again} times", events.len())?;
        ends.iter().try_for_each(|(cause, times)| write!(f, "\nrollout:   {times} x {cause}"))
    }
}
