//! What is counted for every named transaction.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByName {
    name: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    name: &'static str,
    outcome: &'static str,
}

/// Counters of transactions, labelled by the transaction's name.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    transactions: Family<ByOutcome, Counter>,
    retries: Family<ByName, Counter>,
    seconds: Family<ByName, Histogram, fn() -> Histogram>,
}

/// A histogram of seconds from 0.5 ms to 16 s in steps of two: a statement on a socket takes 0.1 ms, the statement timeout ends it at 5 s.
pub fn seconds_histogram() -> Histogram {
    Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.0005, 2.0, 16))
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Metrics {
            transactions: Family::default(),
            retries: Family::default(),
            seconds: Family::new_with_constructor(seconds_histogram),
        };
        registry.register(
            "otklik_store_transactions",
            "Transactions by name and outcome: committed, rolled_back (the body refused), failed (the database did)",
            metrics.transactions.clone(),
        );
        registry.register(
            "otklik_store_transaction_retries",
            "Runs of a transaction beyond its first, after a serialization failure or a deadlock",
            metrics.retries.clone(),
        );
        registry.register_with_unit(
            "otklik_store_transaction",
            "Time of a transaction from asking for a connection to its end, retries included",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        metrics
    }

    pub(crate) fn retried(&self, name: &'static str) {
        self.retries.get_or_create(&ByName { name }).inc();
    }

    pub(crate) fn ended(&self, name: &'static str, outcome: &'static str, took: Duration) {
        self.transactions.get_or_create(&ByOutcome { name, outcome }).inc();
        // There from a transaction's first end on, so that its first retry shows as a change.
        drop(self.retries.get_or_create(&ByName { name }));
        self.seconds.get_or_create(&ByName { name }).observe(took.as_secs_f64());
    }
}
