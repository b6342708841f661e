//! What the relay tells about itself, per destination.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::registry::{Registry, Unit};
use rpc::Latency;
use std::sync::atomic::AtomicU64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct To {
    pub(crate) destination: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Ended {
    pub(crate) destination: &'static str,
    pub(crate) outcome: &'static str,
}

/// The relay's metrics.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) attempts: Family<Ended, Counter>,
    pub(crate) settle_seconds: Family<To, Latency, fn() -> Latency>,
    pub(crate) waiting: Family<To, Gauge>,
    pub(crate) oldest_seconds: Family<To, Gauge<f64, AtomicU64>>,
    pub(crate) dead: Family<To, Gauge>,
    pub(crate) breaker_open: Family<To, Gauge>,
    pub(crate) late: Family<To, Counter>,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Metrics {
            attempts: Family::default(),
            settle_seconds: Family::new_with_constructor(seconds),
            waiting: Family::default(),
            oldest_seconds: Family::default(),
            dead: Family::default(),
            breaker_open: Family::default(),
            late: Family::default(),
        };
        registry.register(
            "otklik_outbox_attempts",
            "Attempts to deliver a call by outcome: done, refused (as the route expects), retry, dead, unrecorded (it goes out again)",
            metrics.attempts.clone(),
        );
        registry.register_with_unit(
            "otklik_outbox_settle",
            "From writing a call to its settlement, by the service's clock",
            Unit::Seconds,
            metrics.settle_seconds.clone(),
        );
        registry.register(
            "otklik_outbox_waiting",
            "Calls waiting to be delivered; counting stops at 100,000; up to 15 s old",
            metrics.waiting.clone(),
        );
        registry.register_with_unit(
            "otklik_outbox_oldest_waiting",
            "Age of the oldest waiting call, 0 without one; up to 15 s old",
            Unit::Seconds,
            metrics.oldest_seconds.clone(),
        );
        registry.register(
            "otklik_outbox_dead",
            "Calls that an operator must requeue or drop; counting stops at 100,000; up to 15 s old",
            metrics.dead.clone(),
        );
        registry.register(
            "otklik_outbox_breaker_open",
            "1 while this process spares a destination that is away",
            metrics.breaker_open.clone(),
        );
        registry.register(
            "otklik_outbox_late_records",
            "Outcomes that were not recorded because the lease had run out; such a call is delivered again",
            metrics.late.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// A series that is missing until its first count can't be alarmed on.
    pub(crate) fn begin_at_zero(&self, destination: &'static str) {
        let to = To { destination };
        for outcome in ["done", "refused", "retry", "dead", "unrecorded"] {
            drop(self.attempts.get_or_create(&Ended { destination, outcome }));
        }
        drop(self.settle_seconds.get_or_create(&to));
        for gauge in [&self.waiting, &self.dead, &self.breaker_open] {
            drop(gauge.get_or_create(&to));
        }
        drop(self.oldest_seconds.get_or_create(&to));
        drop(self.late.get_or_create(&to));
    }
}

/// 5 ms to an hour and a half in steps of four: a call takes milliseconds, or an outage.
fn seconds() -> Latency {
    Latency::new(exponential_buckets(0.005, 4.0, 11))
}
