//! Streams that tell what stands in a table as it grows: who watches what in this process, and how they hear of news.
//!
//! ```text
//! a commit of this process ──wakes──► the loop `watch`: one statement for all that is watched here ──► the last place of each topic
//! every half second ─────────────────►        │                                                              │
//!                                             └──► "looked at 12:00:30": signs of life, ends                 ▼
//!                              stream: a place after my cursor? reads the table from there, sends, waits again
//! ```
//!
//! The table is the truth: a stream sends what stands in it after its cursor, and what wakes it only tells that it is worth a look. So what
//! another replica writes is told within one look, and a wake-up that is lost costs that at most. There is no NOTIFY: Postgres puts every
//! commit that notifies into one queue under one lock, so each commit would wait for each other's, watched or not.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | the reader is slow | its stream is not asked for more; nothing piles up but in the table |
//! | the reader takes nothing at all | it keeps its place until it reads on or hangs up; a stop waits for it as long as the grace allows |
//! | the database is away | no news and no signs of life until it is back; a stream that was reading ends with UNAVAILABLE |
//! | the service stops | when its connections take no more calls, every stream ends with UNAVAILABLE and the pause after which to go on elsewhere |
//! | the reader is gone | HTTP/2 pings notice; the stream is dropped and its place is free |
//! | the database is restored | the last place of a topic goes back; what the stream makes of a cursor beyond it is the service's |

mod config;
mod look;
mod place;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rpc::{Caller, Refusal, reasons};
use store::Tx;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub use self::config::Config;
pub use self::look::{Source, look, look_loop};
pub use self::place::{Place, Turn};

/// Pause asked of a caller whose watch ends or finds no place: long enough for another replica to be found instead.
const PAUSE: Duration = Duration::from_secs(1);

/// What is watched: one of many things, or `()` where there is one.
pub trait Topic: Copy + Eq + Hash + Send + Sync + 'static {}
impl<T: Copy + Eq + Hash + Send + Sync + 'static> Topic for T {}

/// A place in a table's order. The default is before all of them.
pub trait Position: Copy + Ord + Default + Send + Sync + 'static {}
impl<P: Copy + Ord + Default + Send + Sync + 'static> Position for P {}

/// Everybody who watches in this process. Cheap to clone.
#[derive(Debug)]
pub struct Watches<T, P>(Arc<Inner<T, P>>);

#[derive(Debug)]
struct Inner<T, P> {
    config: Config,
    closing: CancellationToken,
    /// What a watch that the server ends is answered: the reason is the service's own.
    ended: fn(Duration) -> Refusal,
    wake: Arc<Notify>,
    /// When the table was last looked at.
    looked: watch::Sender<Timestamp>,
    places: Mutex<Places<T, P>>,
    open: Gauge,
}

#[derive(Debug)]
struct Places<T, P> {
    /// The last known place of each topic that is watched; the default before the first look.
    topics: HashMap<T, watch::Sender<P>>,
    callers: HashMap<String, usize>,
    open: usize,
}

// === impl Watches ===

impl<T, P> Clone for Watches<T, P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Topic, P: Position> Watches<T, P> {
    /// Nobody watches yet. `closing`: cancelled when the server takes no more calls.
    pub fn new(config: Config, closing: CancellationToken, ended: fn(Duration) -> Refusal) -> Self {
        Self(Arc::new(Inner {
            config,
            closing,
            ended,
            wake: Arc::default(),
            looked: watch::Sender::new(Timestamp::MIN),
            places: Mutex::new(Places { topics: HashMap::new(), callers: HashMap::new(), open: 0 }),
            open: Gauge::default(),
        }))
    }

    /// Registers the gauge of open watches.
    pub fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.0.open.clone());
    }

    /// Has the table looked at once the transaction is committed, if anybody here watches the topic.
    pub fn wake_on_commit(&self, tx: &mut Tx, topic: T) {
        if self.places().topics.contains_key(&topic) {
            tx.wake_on_commit(&self.0.wake);
        }
    }

    /// Takes a place, from `now` on.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is none; UNAVAILABLE when the service stops.
    pub fn enter(&self, caller: &Caller, topic: T, now: Timestamp) -> Result<Place<T, P>, Refusal> {
        if self.0.closing.is_cancelled() {
            return Err(self.ended());
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
        let news = places.topics.entry(topic).or_insert_with(|| watch::Sender::new(P::default())).subscribe();
        self.0.open.inc();
        Ok(Place::new(self.clone(), topic, caller, news, now))
    }

    fn leave(&self, topic: T, caller: &str) {
        let mut places = self.places();
        places.open -= 1;
        self.0.open.dec();
        if let Some(own) = places.callers.get_mut(caller) {
            *own -= 1;
            if *own == 0 {
                places.callers.remove(caller);
            }
        }
        // Whoever leaves is still among the receivers.
        if places.topics.get(&topic).is_some_and(|sender| sender.receiver_count() <= 1) {
            places.topics.remove(&topic);
        }
    }

    fn ended(&self) -> Refusal {
        (self.0.ended)(PAUSE)
    }

    fn places(&self) -> MutexGuard<'_, Places<T, P>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
