//! What the reconciler tells.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{family::Family, gauge::Gauge};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::{DriftKind, Place};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: &'static str,
}

/// The reconciler's metrics.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    drifts: Family<Of, Gauge>,
    reconciled: Gauge<f64, AtomicU64>,
}

// === impl Drift ===

impl Drift {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let drift = Self { drifts: Family::default(), reconciled: Gauge::default() };
        registry.register(
            "otklik_sla_drift",
            "What did not fit together at the reconciler's last whole pass, by kind: appeal_untracked, appeal_outdated, rung_missing, \
             rung_overdue, fire_time_differs, deadline_unreadable",
            drift.drifts.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_reconciled_timestamp",
            "When the reconciler's last whole pass ended, whichever replica made it; 0 before the first",
            Unit::Seconds,
            drift.reconciled.clone(),
        );
        // A series that is missing until its first drift can't be alarmed on.
        for kind in DriftKind::ALL {
            drop(drift.drifts.get_or_create(&Of { kind: kind.as_str() }));
        }
        drift
    }

    pub(super) fn tell(&self, place: &Place) {
        for kind in DriftKind::ALL {
            let count = place.whole_counts.get(kind.as_str()).copied().unwrap_or_default();
            self.drifts.get_or_create(&Of { kind: kind.as_str() }).set(count.cast_signed());
        }
        self.reconciled.set(place.whole_time.map_or(0.0, |time| time.as_duration().as_secs_f64()));
    }
}
