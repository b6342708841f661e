//! What the monitor tells about itself. The lag is the one to alarm on; a loop that is up and gets nowhere shows there.

mod canary;
mod drift;

use ::deadline::Published;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};
use prometheus_client::registry::{Registry, Unit};
use rpc::{Exemplar, Latency};
use std::sync::atomic::AtomicU64;

use crate::domain::{Mismatch, Place, Rung, RungState};

/// Seconds: around the goal of 5 s at p99, then what outages make of it, up to a day.
const LATENESS: [f64; 11] = [0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Moved {
    level: i16,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    calendar: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

/// The metrics of this service.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    rungs: Family<Moved, Counter>,
    lateness: Latency,
    mismatches: Family<Why, Counter>,
    unknown_notices: Counter,
    unreadable: Counter,
    lag: Gauge<f64, AtomicU64>,
    horizons: Family<Of, Gauge<f64, AtomicU64>>,
    ending: Family<Of, Gauge>,
    fold_lag: Gauge<f64, AtomicU64>,
    rebase_age: Gauge<f64, AtomicU64>,
    canary: canary::Canary,
    drift: drift::Drift,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            rungs: Family::default(),
            lateness: Latency::new(LATENESS.into_iter()),
            mismatches: Family::default(),
            unknown_notices: Counter::default(),
            unreadable: Counter::default(),
            lag: Gauge::default(),
            horizons: Family::default(),
            ending: Family::default(),
            fold_lag: Gauge::default(),
            rebase_age: Gauge::default(),
            canary: canary::Canary::register(registry),
            drift: drift::Drift::register(registry),
        };
        registry.register(
            "otklik_sla_rungs",
            "Rungs that moved on, by level (0 is the last warning, those before it count down) and outcome: fired, acted, suppressed, superseded",
            metrics.rungs.clone(),
        );
        metrics.begin_at_zero();
        registry.register_with_unit(
            "otklik_sla_fire_lateness",
            "How long after its time a rung fired",
            Unit::Seconds,
            metrics.lateness.clone(),
        );
        registry.register(
            "otklik_sla_mismatches",
            "Promises that our own arithmetic does not confirm, by reason: policy_unknown, terms, due_time, not_computable",
            metrics.mismatches.clone(),
        );
        registry.register(
            "otklik_sla_unknown_notices",
            "Outcomes of notices that no rung asked for",
            metrics.unknown_notices.clone(),
        );
        registry.register(
            "otklik_sla_unreadable",
            "Looks at a deadline that is due and can't be read, such as one that a newer version wrote; it is looked at again every 10 min",
            metrics.unreadable.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_lag",
            "Age of the oldest that is due and has not fired, be it a rung or the canary; looked at every 15 s",
            Unit::Seconds,
            metrics.lag.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_calendar_horizon",
            "Time until the newest version of each calendar ends, past which nothing is promised; infinite for one without an end",
            Unit::Seconds,
            metrics.horizons.clone(),
        );
        registry.register(
            "otklik_sla_calendar_ending",
            "1 for each calendar whose end is nearer than `calendars.alarm_before`: publish the next year; else 0",
            metrics.ending.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_fold_lag",
            "Age of the oldest closing that no report counts yet; looked at every 15 s",
            Unit::Seconds,
            metrics.fold_lag.clone(),
        );
        registry.register_with_unit(
            "otklik_sla_rebase_age",
            "How long the re-base under way has been going through open deadlines; 0 while there is none",
            Unit::Seconds,
            metrics.rebase_age.clone(),
        );
        metrics
    }

    /// A series that is missing until its first count can't be alarmed on.
    fn begin_at_zero(&self) {
        use RungState::{Acted, Fired, Superseded, Suppressed};
        for (level, states) in [(0, &[Acted, Superseded][..]), (1, &[Fired, Acted, Suppressed, Superseded])] {
            for state in states {
                drop(self.rungs.get_or_create(&Moved { level, outcome: state.as_str() }));
            }
        }
        for mismatch in Mismatch::ALL {
            drop(self.mismatches.get_or_create(&Why { reason: mismatch.as_str() }));
        }
    }

    /// The re-base that is under way began so long ago.
    pub(crate) fn rebasing(&self, age: Option<SignedDuration>) {
        self.rebase_age.set(age.unwrap_or_default().as_secs_f64());
    }

    /// A rung moved on.
    pub(crate) fn moved(&self, rung: &Rung) {
        self.rungs.get_or_create(&Moved { level: rung.key.level, outcome: rung.state.as_str() }).inc();
    }

    /// A rung fired, in the current span: its own.
    pub(crate) fn fired(&self, rung: &Rung) {
        if let (Some(planned), Some(fired)) = (rung.fire_time, rung.act_time) {
            let late = fired.duration_since(planned).as_secs_f64().max(0.0);
            self.lateness.observe(late, Exemplar::current(), None);
        }
    }

    /// Promises are not confirmed.
    pub(crate) fn mismatched(&self, mismatches: &[Mismatch]) {
        for mismatch in mismatches {
            self.mismatches.get_or_create(&Why { reason: mismatch.as_str() }).inc();
        }
    }

    /// Somebody told us of a notice that we do not know.
    pub(crate) fn unknown_notice(&self) {
        self.unknown_notices.inc();
    }

    /// Deadlines that are due could not be read.
    pub(crate) fn unreadable(&self, deadlines: usize) {
        self.unreadable.inc_by(deadlines as u64);
    }

    /// How far the calendars reach that are published for the time to come.
    pub(crate) fn horizons(&self, published: &Published, now: Timestamp, alarm_before: SignedDuration) {
        for calendar in published.newest().set.calendars() {
            let of = Of { calendar: calendar.id().to_owned() };
            let left = calendar.horizon_end().map(|end| end.duration_since(now));
            self.horizons.get_or_create(&of).set(left.map_or(f64::INFINITY, |left| left.as_secs_f64()));
            self.ending.get_or_create(&of).set(left.is_some_and(|left| left <= alarm_before).into());
        }
    }

    /// How long the canary has been due, and whether that is longer than it may be.
    pub(crate) fn canary(&self, silence: SignedDuration, silent: bool) {
        self.canary.look(silence, silent);
    }

    /// What the reconciler's last whole pass found.
    pub(crate) fn drifts(&self, place: &Place) {
        self.drift.tell(place);
    }

    /// The canary fired.
    pub(crate) fn canary_fired(&self, lateness: SignedDuration, late: bool) {
        self.canary.fired(lateness, late);
    }

    /// The oldest rung that is due.
    pub(crate) fn lag(&self, seconds: f64) {
        self.lag.set(seconds);
    }

    /// The oldest closing that is not folded.
    pub(crate) fn fold_lag(&self, seconds: f64) {
        self.fold_lag.set(seconds);
    }
}
