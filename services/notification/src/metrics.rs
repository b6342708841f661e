//! What the dispatcher tells about itself.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::domain::channel_text;
use crate::providers::{Channel, Ignored, Sent};

type Labels = Vec<(&'static str, &'static str)>;

/// Seconds that a provider takes to answer: 4 ms to a minute, by four.
const BUCKETS: [f64; 8] = [0.004, 0.016, 0.064, 0.256, 1.024, 4.096, 16.384, 65.536];

/// The dispatcher's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    attempts: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn register(registry: &mut Registry, ignored: Ignored) -> Self {
        let metrics =
            Self { attempts: Family::default(), seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)) };
        registry.register(
            "otklik_delivery_attempts",
            "Attempts to hand a message to a provider, by channel and outcome: accepted, refused, permanent, unknown",
            metrics.attempts.clone(),
        );
        registry.register(
            "otklik_provider_seconds",
            "How long a provider takes to answer, in seconds, by channel",
            metrics.seconds.clone(),
        );
        registry.register(
            "otklik_provider_ignored",
            "What providers sent and nothing was done about: pdu_unreadable, operation_not_taken, receipt_unreadable, text",
            ignored,
        );
        metrics
    }

    pub(crate) fn attempt(&self, channel: Channel, sent: &Sent, took: Duration) {
        let outcome = match sent {
            Sent::Accepted { .. } => "accepted",
            Sent::Refused(refused) if refused.permanent => "permanent",
            Sent::Refused(_) => "refused",
            Sent::Unknown { .. } => "unknown",
        };
        let channel = channel_text(channel);
        self.attempts.get_or_create(&vec![("channel", channel), ("outcome", outcome)]).inc();
        self.seconds.get_or_create(&vec![("channel", channel)]).observe(took.as_secs_f64());
    }
}
