//! What the dispatcher tells about itself.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use rpc::{Exemplar, Latency};

use crate::dispatch::LANES;
use crate::domain::{channel_text, lane_text};
use crate::providers::{Channel, Ignored, Sent};
use crate::templates::Lane;

type Labels = Vec<(&'static str, &'static str)>;

/// Seconds that a provider takes to answer: 4 ms to a minute, by four.
const BUCKETS: [f64; 8] = [0.004, 0.016, 0.064, 0.256, 1.024, 4.096, 16.384, 65.536];

/// The dispatcher's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    attempts: Family<Labels, Counter>,
    seconds: Family<Labels, Latency>,
    waiting: Family<Labels, Gauge>,
    oldest: Family<Labels, Gauge<f64, AtomicU64>>,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn register(registry: &mut Registry, ignored: Ignored) -> Self {
        let seconds = || Latency::new(BUCKETS.into_iter());
        let metrics = Self {
            attempts: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            waiting: Family::default(),
            oldest: Family::default(),
        };
        metrics.begin_at_zero();
        registry.register(
            "otklik_delivery_attempts",
            "Attempts to hand a message to a provider, by channel and outcome: accepted, refused, permanent, unknown",
            metrics.attempts.clone(),
        );
        registry.register_with_unit(
            "otklik_provider",
            "How long a provider takes to answer, by channel",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register(
            "otklik_delivery_waiting",
            "Deliveries that wait or are under way, by lane; counting stops at 100,000; up to 15 s old",
            metrics.waiting.clone(),
        );
        registry.register_with_unit(
            "otklik_delivery_oldest_waiting",
            "Age of the oldest message of a lane that waits to be sent or sent again, among the thousand next due, 0 without one; up to 15 s old",
            Unit::Seconds,
            metrics.oldest.clone(),
        );
        registry.register(
            "otklik_provider_ignored",
            "What providers sent and nothing was done about: pdu_unreadable, operation_not_taken, receipt_unreadable, text",
            ignored,
        );
        metrics
    }

    /// A series that is missing until its first count can't be alarmed on.
    fn begin_at_zero(&self) {
        for channel in [Channel::Sms, Channel::Email].map(channel_text) {
            for outcome in ["accepted", "refused", "permanent", "unknown"] {
                drop(self.attempts.get_or_create(&vec![("channel", channel), ("outcome", outcome)]));
            }
            drop(self.seconds.get_or_create(&vec![("channel", channel)]));
        }
        for lane in LANES {
            self.waits(lane, 0, 0.0);
        }
    }

    /// What waits in a lane.
    pub(crate) fn waits(&self, lane: Lane, waiting: i64, oldest_seconds: f64) {
        let lane = vec![("lane", lane_text(lane))];
        self.waiting.get_or_create(&lane).set(waiting);
        self.oldest.get_or_create(&lane).set(oldest_seconds);
    }

    pub(crate) fn attempt(&self, channel: Channel, sent: &Sent, took: Duration) {
        let channel = channel_text(channel);
        self.attempts.get_or_create(&vec![("channel", channel), ("outcome", sent.outcome())]).inc();
        let seconds = self.seconds.get_or_create(&vec![("channel", channel)]);
        seconds.observe(took.as_secs_f64(), Exemplar::current(), None);
    }
}
