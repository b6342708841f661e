//! The database of one service, with the clock that its statements are told the time by.

use crate::metrics::Metrics;
use crate::{Error, Run};
use clock::SharedClock;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use sqlx::PgPool;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

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

    /// Measures one statement as the transaction `name`: it is one of its own, so BEGIN and COMMIT need no round trips. It is not run
    /// again: after an error without an answer it may have been carried out.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn statement<T>(
        &self,
        name: &'static str,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let result = statement.await;
        let outcome = if result.is_ok() { "committed" } else { "failed" };
        self.metrics.ended(name, outcome, started.elapsed());
        result
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
