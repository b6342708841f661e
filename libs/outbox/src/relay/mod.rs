//! Delivering what the outbox holds.

mod backoff;
mod breaker;
mod lane;
mod metrics;
mod settings;
mod settle;
mod verdict;

pub use lane::{Found, Lane};
pub use settings::Settings;

use crate::relay::breaker::Breaker;
use crate::relay::metrics::{Metrics, To};
use crate::store::observe::observe;
use crate::store::purge::{delete_idle_keys, delete_request_ids, delete_settled, erase_dead, erase_expired};
use crate::{Deliver, Follow, KEEP_REQUEST_IDS, MAX_AGE, Outbox};
use jiff::SignedDuration;
use prometheus_client::registry::Registry;
use std::sync::{Arc, Mutex};
use store::{Db, Error, transaction};

/// Rows of one batch of the purge.
const PURGE_BATCH: i64 = 1_000;

/// Where the gauges stop counting.
const COUNT_LIMIT: i64 = 100_000;

/// Delivers the calls of one service. Any number of relays may work on one outbox.
#[derive(Debug)]
pub struct Relay {
    db: Db,
    metrics: Metrics,
    keep: SignedDuration,
    lanes: Vec<Arc<Lane>>,
}

// === impl Relay ===

impl Relay {
    /// A relay with one way per destination. Nothing runs until somebody steps it.
    pub fn new(
        db: &Db,
        outbox: &Outbox,
        follow: impl Follow,
        settings: &Settings,
        registry: &mut Registry,
        destinations: Vec<(&'static str, Arc<dyn Deliver>)>,
    ) -> Self {
        let metrics = Metrics::register(registry);
        let follow: Arc<dyn Follow> = Arc::new(follow);
        let lane = |(destination, deliver)| {
            metrics.begin_at_zero(destination);
            Arc::new(Lane {
                destination,
                deliver,
                follow: follow.clone(),
                db: db.clone(),
                outbox: outbox.clone(),
                settings: settings.clone(),
                metrics: metrics.clone(),
                breaker: Mutex::new(Breaker::new(settings.breaker_limit)),
            })
        };
        Relay {
            db: db.clone(),
            keep: SignedDuration::from_hours(24 * i64::from(settings.keep_days)),
            lanes: destinations.into_iter().map(lane).collect(),
            metrics,
        }
    }

    /// The lanes, each to be stepped by loops of its own: two, so that a slow call does not hold up the others.
    pub fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    /// One step of every lane at once; answers how many calls were claimed. For tests in stepped mode.
    ///
    /// # Errors
    /// The first lane's, after all have ended.
    pub async fn step(&self) -> Result<usize, Error> {
        let steps = futures::future::join_all(self.lanes.iter().map(|lane| lane.step())).await;
        steps.into_iter().try_fold(0, |sum, step| Ok(sum + step?.calls()))
    }

    /// Settles what grew too old as dead, and forgets what is no longer needed: settled calls, old request ids, keys without calls,
    /// requests that can't be sent any more or whose own time has passed. Answers how many rows it dealt with; 0 means that there is no more.
    ///
    /// # Errors
    /// Those of any statement; what was done before stays done.
    pub async fn purge(&self) -> Result<usize, Error> {
        let mut rows = 0;
        for lane in &self.lanes {
            rows += lane.expire(PURGE_BATCH / 10).await?;
        }
        let now = self.db.now();
        rows += transaction!(self.db, "purge_calls", |tx| -> Result<usize, Error> {
            let (destinations, keys) = delete_settled(tx, now - self.keep, PURGE_BATCH).await?;
            delete_idle_keys(tx, &destinations, &keys).await?;
            Ok(keys.len())
        })?;
        let erased = erase_dead(self.db.pool(), now - MAX_AGE, PURGE_BATCH).await?
            + erase_expired(self.db.pool(), now, PURGE_BATCH).await?;
        let forgotten = delete_request_ids(self.db.pool(), now - KEEP_REQUEST_IDS, PURGE_BATCH).await?;
        Ok(rows + usize::try_from(erased + forgotten).unwrap_or(usize::MAX))
    }

    /// Brings the gauges up to date; to be called every 15 s, never by a scrape.
    ///
    /// # Errors
    /// Those of any statement.
    pub async fn observe(&self) -> Result<(), Error> {
        for lane in &self.lanes {
            let to = To { destination: lane.destination() };
            let queue = observe(self.db.pool(), lane.destination(), COUNT_LIMIT).await?;
            let age = queue.oldest.map_or(0.0, |oldest| self.db.now().duration_since(oldest).as_secs_f64());
            self.metrics.waiting.get_or_create(&to).set(queue.waiting);
            self.metrics.oldest_seconds.get_or_create(&to).set(age.max(0.0));
            self.metrics.dead.get_or_create(&to).set(queue.dead);
        }
        Ok(())
    }
}
