//! What a loop tells about itself.
//!
//! "Is it up" is not enough: a loop may run and get nowhere. So the lag is computed when it is scraped, from the moment
//! a loop last found nothing to do: it grows while steps fail, while one hangs, and while there is more work than the
//! loop can do.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use clock::SharedClock;
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge, histogram::Histogram},
    registry::Registry,
};

use super::Stepped;

/// Buckets of a step's duration, seconds: 1 ms to about 65 s, by four.
const BUCKETS: [f64; 9] = [0.001, 0.004, 0.016, 0.064, 0.256, 1.024, 4.096, 16.384, 65.536];

/// The metrics of all loops of one service.
#[derive(Clone, Debug)]
pub struct LoopMetrics {
    steps: Family<Vec<(&'static str, &'static str)>, Counter>,
    items: Family<Vec<(&'static str, &'static str)>, Counter>,
    seconds: Family<Vec<(&'static str, &'static str)>, Histogram>,
    progress: Arc<Mutex<Vec<Progress>>>,
    clock: SharedClock,
}

/// When a loop last got somewhere. Until it first does, the moment of its start stands in, so that a loop which never
/// succeeds shows a growing lag too.
#[derive(Debug)]
struct Progress {
    name: &'static str,
    succeeded: Timestamp,
    caught_up: Timestamp,
}

/// Reads the progress at each scrape.
struct Lag {
    progress: Arc<Mutex<Vec<Progress>>>,
    clock: SharedClock,
}

// === impl LoopMetrics ===

impl LoopMetrics {
    /// Registers the metrics; `clock` is the one the lag is measured by.
    pub fn new(registry: &mut Registry, clock: SharedClock) -> Self {
        let metrics = Self {
            steps: Family::default(),
            items: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            progress: Arc::default(),
            clock: clock.clone(),
        };
        registry.register(
            "otklik_loop_steps",
            "Steps of each background loop by outcome: idle (nothing was due), worked, failed",
            metrics.steps.clone(),
        );
        registry.register(
            "otklik_loop_items",
            "Things done by each background loop: calls delivered, rungs recorded, messages sent",
            metrics.items.clone(),
        );
        registry.register(
            "otklik_loop_step_seconds",
            "How long one step of each background loop takes, in seconds",
            metrics.seconds.clone(),
        );
        registry.register_collector(Box::new(Lag { progress: Arc::clone(&metrics.progress), clock }));
        metrics
    }

    /// Makes a loop known before its first step.
    pub(super) fn started(&self, name: &'static str) {
        let now = self.clock.now();
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.iter().any(|it| it.name == name) {
            all.push(Progress { name, succeeded: now, caught_up: now });
        }
    }

    /// Records one step that took `seconds`.
    pub(super) fn stepped(&self, name: &'static str, outcome: Result<Stepped, ()>, seconds: f64) {
        let label = match outcome {
            Ok(Stepped::Idle) => "idle",
            Ok(Stepped::Worked(_)) => "worked",
            Err(()) => "failed",
        };
        self.steps.get_or_create(&vec![("loop", name), ("outcome", label)]).inc();
        self.seconds.get_or_create(&vec![("loop", name)]).observe(seconds);
        if let Ok(Stepped::Worked(items)) = outcome {
            self.items.get_or_create(&vec![("loop", name)]).inc_by(items as u64);
        }
        let now = self.clock.now();
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(it) = all.iter_mut().find(|it| it.name == name) {
            if outcome.is_ok() {
                it.succeeded = now;
            }
            if outcome == Ok(Stepped::Idle) {
                it.caught_up = now;
            }
        }
    }
}

// === impl Lag ===

impl Collector for Lag {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.clock.now();
        let all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let gauge = ConstGauge::new(0.0);
        let mut lag = encoder.encode_descriptor(
            "otklik_loop_lag_seconds",
            "Seconds since each background loop last found nothing left to do",
            None,
            gauge.metric_type(),
        )?;
        for it in all.iter() {
            let seconds = now.duration_since(it.caught_up).as_secs_f64();
            ConstGauge::new(seconds).encode(lag.encode_family(&[("loop", it.name)])?)?;
        }
        let mut last = encoder.encode_descriptor(
            "otklik_loop_last_success_timestamp_seconds",
            "When each background loop last ended a step without an error, as Unix time in seconds",
            None,
            gauge.metric_type(),
        )?;
        for it in all.iter() {
            let seconds = it.succeeded.as_duration().as_secs_f64();
            ConstGauge::new(seconds).encode(last.encode_family(&[("loop", it.name)])?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lag")
    }
}
