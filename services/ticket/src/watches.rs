//! Who watches which appeal, and how they hear of its changes.
//!
//! ```text
//! a commit of this process ──wakes──► the loop `watch`: one statement for all appeals that are watched here ──► last number of each
//! every half second ─────────────────►        │                                                                  │
//!                                             └──► "looked at 12:00:30": signs of life, ends                     ▼
//!                        stream: number above my cursor? reads appeal and journal from there, sends, waits again
//! ```
//!
//! The journal is the truth: a stream sends what stands in it after its cursor, and what wakes it only tells that it is worth a look. So a
//! change by another replica is told within one look, and a wake-up that is lost costs that at most. There is no NOTIFY: Postgres puts
//! every commit that notifies into one queue under one lock, so each change of an appeal would wait for each other's, watched or not.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | the reader is slow | its stream is not asked for more; nothing piles up but in the journal, and it gets all of it in one message then |
//! | the reader takes nothing at all | it keeps its place until it reads on or hangs up; a stop waits for it as long as the grace allows |
//! | the database is away | no news and no signs of life until it is back; a stream that was reading ends with UNAVAILABLE |
//! | the service stops | when its connections take no more calls, every stream ends with UNAVAILABLE and the pause after which to go on elsewhere |
//! | the reader is gone | HTTP/2 pings notice; the stream is dropped and its place is free |
//! | the database is restored | who was told more than is there now hears OUT_OF_RANGE in place of the next sign of life, or what anybody hears of an appeal that is not there |
//! | the caller may not see it any more | the next message is PERMISSION_DENIED |

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use proto::ticket::v1::ErrorReason;
use rpc::{Caller, Refusal, reasons};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::config;
use crate::store;

/// Pause asked of a caller whose watch ends or finds no place: long enough for another replica to be found instead.
const PAUSE: Duration = Duration::from_secs(1);

/// Everybody who watches in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Watches(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: config::Watch,
    closing: CancellationToken,
    wake: Arc<Notify>,
    /// When the journal was last looked at.
    looked: watch::Sender<Timestamp>,
    places: Mutex<Places>,
    open: Gauge,
}

#[derive(Debug, Default)]
struct Places {
    /// The last known number of each appeal that is watched; 0 before the first look.
    appeals: HashMap<Uuid, watch::Sender<i64>>,
    callers: HashMap<String, usize>,
    open: usize,
}

/// A place among those who watch; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    watches: Watches,
    appeal: Uuid,
    caller: String,
    news: watch::Receiver<i64>,
    looked: watch::Receiver<Timestamp>,
    ends: watch::Receiver<Timestamp>,
}

/// Why a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is something after the cursor.
    News,
    /// The awaited time has come, and it is this.
    Time(Timestamp),
    /// The service stops.
    Stop,
}

// === impl Watches ===

impl Watches {
    pub(crate) fn new(config: config::Watch, closing: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            config,
            closing,
            wake: Arc::default(),
            looked: watch::Sender::new(Timestamp::MIN),
            places: Mutex::default(),
            open: Gauge::default(),
        }))
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Watches of appeals that are open in this process";
        registry.register("otklik_ticket_watches", help, self.0.open.clone());
    }

    pub(crate) fn config(&self) -> &config::Watch {
        &self.0.config
    }

    /// What a change of an appeal wakes; `None` when nobody here watches it.
    pub(crate) fn wake_of(&self, appeal: Uuid) -> Option<Arc<Notify>> {
        self.places().appeals.contains_key(&appeal).then(|| Arc::clone(&self.0.wake))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is none; UNAVAILABLE when the service stops.
    pub(crate) fn enter(&self, caller: &Caller, appeal: Uuid) -> Result<Place, Refusal> {
        if self.0.closing.is_cancelled() {
            return Err(ended());
        }
        let mut places = self.places();
        if places.open >= self.0.config.most {
            return Err(Refusal::busy(PAUSE));
        }
        let own = places.callers.get(caller.key()).copied().unwrap_or_default();
        if caller.system().is_none() && own >= self.0.config.most_of_person {
            return Err(Refusal::exhausted(reasons::TOO_MANY_REQUESTS, caller.key(), PAUSE));
        }
        places.open += 1;
        *places.callers.entry(caller.key().to_owned()).or_default() += 1;
        let news = places.appeals.entry(appeal).or_insert_with(|| watch::Sender::new(0)).subscribe();
        self.0.open.inc();
        Ok(Place {
            watches: self.clone(),
            appeal,
            caller: caller.key().to_owned(),
            news,
            looked: self.0.looked.subscribe(),
            ends: self.0.looked.subscribe(),
        })
    }

    fn leave(&self, place: &Place) {
        let mut places = self.places();
        places.open -= 1;
        self.0.open.dec();
        if let Some(own) = places.callers.get_mut(&place.caller) {
            *own -= 1;
            if *own == 0 {
                places.callers.remove(&place.caller);
            }
        }
        // Ours is still among the receivers.
        if places.appeals.get(&place.appeal).is_some_and(|sender| sender.receiver_count() <= 1) {
            places.appeals.remove(&place.appeal);
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watch that the server ends.
pub(crate) fn ended() -> Refusal {
    Refusal::unavailable_for(ErrorReason::WatchEnded, PAUSE)
}

// === impl Place ===

impl Place {
    /// Tells all who watch the appeal that its journal goes on to `number` at least: whoever resumes far behind reads on without a look.
    pub(crate) fn know(&self, number: i64) {
        if let Some(sender) = self.watches.places().appeals.get(&self.appeal) {
            sender.send_if_modified(|known| std::mem::replace(known, number.max(*known)) < number);
        }
    }

    /// Whether the last look found less than was told: it may be older than what was told, or the journal was set back.
    pub(crate) fn is_behind(&self, cursor: i64) -> bool {
        *self.news.borrow() < cursor
    }

    /// Waits until a look at the journal was made at `end` or later, there is something after `cursor`, or nothing was there by `quiet`.
    pub(crate) async fn turn(&mut self, cursor: i64, end: Timestamp, quiet: Timestamp) -> Turn {
        tokio::select! {
            biased;
            () = self.watches.0.closing.cancelled() => Turn::Stop,
            // Before the news, which an appeal may be full of; a sign of life is needed only where there is none.
            Ok(now) = self.ends.wait_for(|now| *now >= end) => Turn::Time(*now),
            // All senders live as long as this place.
            Ok(_) = self.news.wait_for(|number| *number > cursor) => Turn::News,
            Ok(now) = self.looked.wait_for(|now| *now >= quiet) => Turn::Time(*now),
            else => Turn::Stop,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watches.leave(self);
    }
}

// === the loop ===

struct Look(Arc<App>);

/// The loop that looks for all who watch.
pub(crate) fn look_loop(app: &Arc<App>, every: Duration) -> Loop {
    let wake = Arc::clone(&app.watches.0.wake);
    Loop::new("watch", every, Look(Arc::clone(app))).woken_by(wake)
}

#[async_trait]
impl Step for Look {
    async fn step(&self) -> anyhow::Result<Stepped> {
        look(&self.0).await?;
        Ok(Stepped::Idle)
    }
}

/// Looks once, and tells the streams.
///
/// # Errors
/// Those of any statement; then nobody is told anything, not even that we are alive.
pub async fn look(app: &App) -> Result<(), ::store::Error> {
    let now = app.now();
    let watched: Vec<Uuid> = app.watches.places().appeals.keys().copied().collect();
    if !watched.is_empty() {
        let numbers: HashMap<Uuid, i64> = store::appeal::last_events(&app.db, &watched).await?.into_iter().collect();
        let places = app.watches.places();
        for appeal in watched {
            // An appeal of which nothing is there any more has nothing to tell.
            let number = numbers.get(&appeal).copied().unwrap_or_default();
            if let Some(sender) = places.appeals.get(&appeal) {
                // Also a lower one: after a database was restored, a number that is not there any more would be news for ever.
                sender.send_if_modified(|known| std::mem::replace(known, number) != number);
            }
        }
    }
    app.watches.0.looked.send_replace(now);
    Ok(())
}
