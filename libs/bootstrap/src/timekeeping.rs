//! Keeps the service's clock on the database's time.
//!
//! Leases and deadlines are compared with `now` by every replica; two replicas a minute apart would steal each other's
//! leases and fire early. The database is the one clock all of them can ask, so each corrects itself by it: once before
//! it serves, then every 10 s. An offset over 1 s is corrected like any other, but it alarms: a machine's own time
//! keeping has failed.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use async_trait::async_trait;
use clock::CorrectedClock;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use prometheus_client::registry::Unit;
use store::Watch;

use crate::{Loop, Metrics, Step, Stepped};

/// Pause between two looks at the reference.
const EVERY: Duration = Duration::from_secs(10);
/// Offset that alarms.
const ALARM: SignedDuration = SignedDuration::from_secs(1);

/// A look that took longer teaches nothing.
const SLOW: SignedDuration = SignedDuration::from_secs(1);

/// The time that clocks are corrected by.
#[async_trait]
pub trait Reference: Send + Sync + 'static {
    /// The present instant.
    ///
    /// # Errors
    /// It can't be asked now; the offset learnt last stays.
    async fn time(&self) -> anyhow::Result<Timestamp>;
}

/// The database server's time.
#[derive(Debug)]
pub(crate) struct DatabaseTime(pub(crate) Arc<Watch>);

/// One look at the reference per step.
pub(crate) struct Timekeeper {
    corrected: CorrectedClock,
    reference: Arc<dyn Reference>,
    offset: Gauge<f64, AtomicU64>,
    alarms: Counter,
}

// === impl DatabaseTime ===

#[async_trait]
impl Reference for DatabaseTime {
    async fn time(&self) -> anyhow::Result<Timestamp> {
        Ok(self.0.time().await?)
    }
}

// === impl Timekeeper ===

impl Timekeeper {
    pub(crate) fn new(corrected: CorrectedClock, reference: Arc<dyn Reference>, metrics: &Metrics) -> Self {
        let (offset, alarms) = (Gauge::default(), Counter::default());
        metrics.with(|registry| {
            registry.register_with_unit(
                "otklik_clock_offset",
                "By how much this machine's clock is behind the database's (negative: ahead); corrected for",
                Unit::Seconds,
                offset.clone(),
            );
            registry.register(
                "otklik_clock_alarms",
                "Looks at the database's time that found this machine's clock more than 1 s off",
                alarms.clone(),
            );
        });
        Self { corrected, reference, offset, alarms }
    }

    /// The loop that keeps the clock.
    pub(crate) fn into_loop(self) -> Loop {
        Loop::new("clock", EVERY, self)
    }
}

#[async_trait]
impl Step for Timekeeper {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let local = self.corrected.local();
        let before = local.now();
        let reference = self.reference.time().await?;
        let after = local.now();
        // The answer may be wrong by half of what the look took; a slow one would do more harm than good.
        if after.duration_since(before) > SLOW {
            anyhow::bail!(store::Error::Unavailable("it took over 1 s to tell its time".to_owned()));
        }
        let offset = self.corrected.observe(before, reference, after);
        self.offset.set(offset.as_secs_f64());
        if offset.abs() > ALARM {
            self.alarms.inc();
            tracing::warn!(
                offset_seconds = offset.as_secs_f64(),
                "this machine's clock is wrong; corrected by the database's"
            );
        }
        Ok(Stepped::Idle)
    }
}

#[cfg(test)]
mod tests {
    use clock::{Clock as _, ManualClock, OffsetClock};

    use super::*;

    /// The database's time, a hand that the test turns.
    struct Hand(ManualClock);

    #[async_trait]
    impl Reference for Hand {
        async fn time(&self) -> anyhow::Result<Timestamp> {
            Ok(self.0.now())
        }
    }

    /// A database that takes its time: the hand moves while it is asked.
    struct Slow(ManualClock);

    #[async_trait]
    impl Reference for Slow {
        async fn time(&self) -> anyhow::Result<Timestamp> {
            self.0.advance(SignedDuration::from_secs(3));
            Ok(self.0.now())
        }
    }

    fn hand() -> ManualClock {
        ManualClock::at("2026-03-02T12:00:00Z".parse().unwrap())
    }

    fn machine(hand: &ManualClock, skew: i64) -> CorrectedClock {
        CorrectedClock::new(Arc::new(OffsetClock::new(Arc::new(hand.clone()), SignedDuration::from_secs(skew))))
    }

    #[tokio::test]
    async fn a_machine_a_minute_off_is_corrected_and_alarms() {
        let (hand, metrics) = (hand(), Metrics::default());
        let clock = machine(&hand, 60);
        let keeper = Timekeeper::new(clock.clone(), Arc::new(Hand(hand.clone())), &metrics);
        assert_ne!(clock.now(), hand.now());

        assert_eq!(keeper.step().await.unwrap(), Stepped::Idle);

        assert_eq!(clock.now(), hand.now());
        let text = metrics.encode().unwrap();
        assert!(text.contains("otklik_clock_offset_seconds -60.0\n"), "{text}");
        assert!(text.contains("otklik_clock_alarms_total 1\n"), "{text}");
    }

    #[tokio::test]
    async fn a_machine_that_is_right_does_not_alarm() {
        let (hand, metrics) = (hand(), Metrics::default());
        Timekeeper::new(machine(&hand, 1), Arc::new(Hand(hand.clone())), &metrics).step().await.unwrap();
        let text = metrics.encode().unwrap();
        assert!(text.contains("otklik_clock_alarms_total 0\n"), "{text}");
    }

    #[tokio::test]
    async fn a_slow_answer_teaches_nothing() {
        let hand = hand();
        let clock = machine(&hand, 0);
        let keeper = Timekeeper::new(clock.clone(), Arc::new(Slow(hand)), &Metrics::default());
        assert!(keeper.step().await.is_err());
        assert_eq!(clock.offset(), SignedDuration::ZERO);
    }
}
