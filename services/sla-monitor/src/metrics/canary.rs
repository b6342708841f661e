//! What the canary tells.

use std::sync::atomic::AtomicU64;

use jiff::SignedDuration;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};
use prometheus_client::registry::{Registry, Unit};
use rpc::{Exemplar, Latency};

use super::LATENESS;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct When {
    when: &'static str,
}

/// The canary's metrics.
#[derive(Clone, Debug)]
pub(super) struct Canary {
    lag: Gauge<f64, AtomicU64>,
    silent: Gauge,
    lateness: Latency,
    firings: Family<When, Counter>,
}

// === impl Canary ===

impl Canary {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let canary = Self {
            lag: Gauge::default(),
            silent: Gauge::default(),
            lateness: Latency::new(LATENESS.into_iter()),
            firings: Family::default(),
        };
        registry.register_with_unit(
            "otklik_sla_canary_lag",
            "How long the clock that fires each minute has been due, whoever should have fired it; looked at every 15 s",
            Unit::Seconds,
            canary.lag.clone(),
        );
        registry.register(
            "otklik_sla_canary_silent",
            "1 while the clock that fires each minute has been due for longer than `canary.alarm_after`: nothing fires; else 0",
            canary.silent.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_canary_lateness",
            "How long after its minute that clock fired",
            Unit::Seconds,
            canary.lateness.clone(),
        );
        registry.register(
            "otklik_sla_canary_firings",
            "Firings of that clock here: in_time, or late by more than `monitor.late_after`",
            canary.firings.clone(),
        );
        // A series that is missing until its first count can't be alarmed on.
        for when in ["in_time", "late"] {
            drop(canary.firings.get_or_create(&When { when }));
        }
        canary
    }

    pub(super) fn look(&self, silence: SignedDuration, silent: bool) {
        self.lag.set(silence.as_secs_f64());
        self.silent.set(silent.into());
    }

    pub(super) fn fired(&self, lateness: SignedDuration, late: bool) {
        self.lateness.observe(lateness.as_secs_f64().max(0.0), Exemplar::current(), None);
        self.firings.get_or_create(&When { when: if late { "late" } else { "in_time" } }).inc();
    }
}
