//! What a loop tells about itself.
//!
//! "Is it up" is not enough: a loop may run and get nowhere. So the lag is computed when it is scraped, from the moment
//! a loop last saw all that was due: it grows while steps fail, while one hangs, while there is more work than the loop
//! can do, and while the peer that the work is for is away. A busy loop that keeps up has none.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use clock::SharedClock;
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge, histogram::Histogram},
    registry::{Registry, Unit},
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

/// One loop, by its place in the list: several may share a name.
pub(super) type Slot = usize;

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
            "Steps of each background loop by outcome: idle (nothing was due), spared (who it is for is away), worked, failed",
            metrics.steps.clone(),
        );
        registry.register(
            "otklik_loop_items",
            "Things that each background loop took in hand, whatever came of them: calls, deadlines, messages, rows to forget",
            metrics.items.clone(),
        );
        registry.register_with_unit(
            "otklik_loop_step",
            "How long one step of each background loop takes",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register_collector(Box::new(Lag { progress: Arc::clone(&metrics.progress), clock }));
        metrics
    }

    /// Makes a loop known before its first step.
    pub(super) fn started(&self, name: &'static str) -> Slot {
        let now = self.clock.now();
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Progress { name, succeeded: now, caught_up: now });
        // A series that is missing until its first count can't be alarmed on.
        for outcome in ["idle", "spared", "worked", "failed"] {
            drop(self.steps.get_or_create(&vec![("loop", name), ("outcome", outcome)]));
        }
        drop(self.items.get_or_create(&vec![("loop", name)]));
        drop(self.seconds.get_or_create(&vec![("loop", name)]));
        all.len() - 1
    }

    /// The time that the lag is measured by.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Records one step that began at `looked` and took `seconds`.
    pub(super) fn stepped(&self, slot: Slot, outcome: Result<Stepped, ()>, looked: Timestamp, seconds: f64) {
        let label = match outcome {
            Ok(Stepped::Idle) => "idle",
            Ok(Stepped::Spared) => "spared",
            Ok(Stepped::Worked(_) | Stepped::Finished(_)) => "worked",
            Err(()) => "failed",
        };
        let now = self.clock.now();
        let name = {
            let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let it = &mut all[slot];
            if outcome.is_ok() {
                it.succeeded = now;
            }
            // What came while it worked is for the next step.
            if let Ok(Stepped::Idle | Stepped::Finished(_)) = outcome {
                it.caught_up = looked;
            }
            it.name
        };
        self.steps.get_or_create(&vec![("loop", name), ("outcome", label)]).inc();
        self.seconds.get_or_create(&vec![("loop", name)]).observe(seconds);
        if let Ok(stepped) = outcome {
            self.items.get_or_create(&vec![("loop", name)]).inc_by(stepped.count() as u64);
        }
    }
}

// === impl Lag ===

impl Collector for Lag {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.clock.now();
        // Of loops that share a name, the one that is furthest behind.
        let mut worst = BTreeMap::<_, (Timestamp, Timestamp)>::new();
        for it in self.progress.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let of = worst.entry(it.name).or_insert((it.caught_up, it.succeeded));
            *of = (of.0.min(it.caught_up), of.1.min(it.succeeded));
        }
        let kind = ConstGauge::new(0.0).metric_type();
        let help = "Time since each background loop last saw all that was due";
        let mut lag = encoder.encode_descriptor("otklik_loop_lag", help, Some(&Unit::Seconds), kind)?;
        for (name, (caught_up, _)) in &worst {
            let seconds = now.duration_since(*caught_up).as_secs_f64();
            ConstGauge::new(seconds).encode(lag.encode_family(&[("loop", *name)])?)?;
        }
        let help = "When each background loop last ended a step without an error, as Unix time";
        let kind = ConstGauge::new(0.0).metric_type();
        let name = "otklik_loop_last_success_timestamp";
        let mut last = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), kind)?;
        for (name, (_, succeeded)) in &worst {
            let seconds = succeeded.as_duration().as_secs_f64();
            ConstGauge::new(seconds).encode(last.encode_family(&[("loop", *name)])?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lag")
    }
}
