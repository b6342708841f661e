use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, SharedClock, shifted};

/// A local clock corrected by an offset learnt from a reference, here the database's clock.
///
/// Replicas run on machines whose clocks differ by a minute or more; leases and due times must not. Each replica asks the
/// same reference and keeps only the difference:
///
/// ```text
/// local      before ------ m ------ after      m = midpoint of before and after
/// reference           reference                offset = reference - m
/// ```
///
/// The reference was read somewhere between `before` and `after`, so the offset is wrong by at most half of that span.
/// Until the first observation the offset is zero. Clones share the offset.
#[derive(Clone, Debug)]
pub struct CorrectedClock {
    local: SharedClock,
    offset: Arc<Mutex<SignedDuration>>,
}

impl CorrectedClock {
    /// A clock that follows `local` until it learns better.
    pub fn new(local: SharedClock) -> Self {
        Self { local, offset: Arc::default() }
    }

    /// The clock whose error is corrected; `before` and `after` of [`observe`](Self::observe) are read from it.
    pub fn local(&self) -> &SharedClock {
        &self.local
    }

    /// Learns the offset from one look at the reference: `before` and `after` are local readings around it. Returns the
    /// offset now in force.
    ///
    /// When `after` lies before `before` the local clock was set back during the look; nothing can be learnt from that, so
    /// the offset stays.
    pub fn observe(&self, before: Timestamp, reference: Timestamp, after: Timestamp) -> SignedDuration {
        if after < before {
            return self.offset();
        }
        let midpoint = shifted(before, before.duration_until(after) / 2);
        let learnt = midpoint.duration_until(reference);
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = learnt;
        learnt
    }

    /// What is added to the local clock; positive when the local clock is slow. Over 1 s of it is worth an alarm.
    pub fn offset(&self) -> SignedDuration {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for CorrectedClock {
    fn now(&self) -> Timestamp {
        shifted(self.local.now(), self.offset())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ManualClock, OffsetClock};

    fn start() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    proptest! {
        #[test]
        fn a_skewed_machine_follows_the_reference(
            skew_ms in -3_600_000i64..3_600_000,
            there_us in 0i64..500_000,
            back_us in 0i64..500_000,
            later_s in 0i64..86_400,
        ) {
            let reference = ManualClock::at(start());
            let local = Arc::new(OffsetClock::new(Arc::new(reference.clone()), SignedDuration::from_millis(skew_ms)));
            let corrected = CorrectedClock::new(local.clone());

            let before = local.now();
            reference.advance(SignedDuration::from_micros(there_us));
            let seen = reference.now();
            reference.advance(SignedDuration::from_micros(back_us));
            corrected.observe(before, seen, local.now());
            reference.advance(SignedDuration::from_secs(later_s));

            let error = corrected.now().duration_since(reference.now()).abs();
            let half_the_span = SignedDuration::from_micros(there_us + back_us) / 2;
            prop_assert!(error <= half_the_span + SignedDuration::from_nanos(1), "off by {error:?}");
        }

        #[test]
        fn two_machines_with_different_errors_agree(one_s in -120i64..120, other_s in -120i64..120) {
            let reference = ManualClock::at(start());
            let read = |skew_s| {
                let local = Arc::new(OffsetClock::new(Arc::new(reference.clone()), SignedDuration::from_secs(skew_s)));
                let corrected = CorrectedClock::new(local.clone());
                prop_assert_eq!(
                    corrected.observe(local.now(), reference.now(), local.now()),
                    SignedDuration::from_secs(-skew_s)
                );
                Ok(corrected.now())
            };
            prop_assert_eq!(read(one_s)?, read(other_s)?);
        }
    }

    #[test]
    fn follows_the_local_clock_until_the_first_look() {
        let hand = ManualClock::at(start());
        let corrected = CorrectedClock::new(Arc::new(hand.clone()));

        assert_eq!(corrected.offset(), SignedDuration::ZERO);
        assert_eq!(corrected.now(), start());
    }

    #[test]
    fn each_look_replaces_the_last_and_clones_share_it() {
        let corrected = CorrectedClock::new(Arc::new(ManualClock::at(start())));
        let clone = corrected.clone();
        corrected.observe(start(), start() + SignedDuration::from_secs(60), start());
        assert_eq!(clone.offset(), SignedDuration::from_secs(60));

        corrected.observe(start(), start() - SignedDuration::from_secs(5), start());
        assert_eq!(clone.now(), start() - SignedDuration::from_secs(5));
    }

    #[test]
    fn learns_nothing_from_a_look_during_which_the_local_clock_went_back() {
        let corrected = CorrectedClock::new(Arc::new(ManualClock::at(start())));
        corrected.observe(start(), start() + SignedDuration::from_secs(7), start());

        let kept = corrected.observe(start(), start(), start() - SignedDuration::from_secs(60));

        assert_eq!(kept, SignedDuration::from_secs(7));
    }
}
