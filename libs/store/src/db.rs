//! The database of one service, with the clock that its statements are told the time by.

use crate::Run;
use crate::metrics::Metrics;
use clock::SharedClock;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use sqlx::PgPool;
use std::sync::Arc;

/// One service's schema: pool, clock and counters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    clock: SharedClock,
    metrics: Arc<Metrics>,
}

// === impl Db ===

impl Db {
    /// Registers the transaction metrics; call once per registry.
    pub fn new(pool: PgPool, clock: SharedClock, registry: &mut Registry) -> Self {
        Db { pool, clock, metrics: Arc::new(Metrics::register(registry)) }
    }

    /// For reads outside a transaction: one statement, one round trip.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The clock that statements are told the time by.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Now, by that clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts a named transaction; [`transaction!`](crate::transaction) is the way to call it.
    #[doc(hidden)]
    pub fn run(&self, name: &'static str) -> Run<'_> {
        Run::new(self, name)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
