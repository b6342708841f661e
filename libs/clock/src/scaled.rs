use jiff::Timestamp;

use crate::{Clock, SharedClock, shifted};

/// A clock that runs `factor` times as fast as its base, for showing a working week in minutes.
///
/// An anchor is a pair of instants that belong together: when the base reads the first, this clock reads the second. Kept in
/// the data folder, the pair lets a second run continue where the first one stopped instead of falling back.
#[derive(Clone, Debug)]
pub struct ScaledClock {
    base: SharedClock,
    anchor: (Timestamp, Timestamp),
    factor: u32,
}

impl ScaledClock {
    /// A clock that agrees with `base` now and runs `factor` times as fast from here on. A factor of 1 changes nothing, 0
    /// stops the clock.
    pub fn new(base: SharedClock, factor: u32) -> Self {
        let now = base.now();
        Self::anchored(base, (now, now), factor)
    }

    /// A clock that reads `anchor.1` when the base reads `anchor.0`.
    pub fn anchored(base: SharedClock, anchor: (Timestamp, Timestamp), factor: u32) -> Self {
        Self { base, anchor, factor }
    }

    /// The pair (base instant, scaled instant) from which time is counted.
    pub fn anchor(&self) -> (Timestamp, Timestamp) {
        self.anchor
    }

    /// How many seconds pass here in one second of the base.
    pub fn factor(&self) -> u32 {
        self.factor
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let (base, scaled) = self.anchor;
        let passed = base.duration_until(self.base.now());
        // i32 is what the duration type multiplies by; a factor beyond it (68 years a second) has left the calendar anyway.
        shifted(scaled, passed.saturating_mul(i32::try_from(self.factor).unwrap_or(i32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::ManualClock;

    fn start() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    proptest! {
        #[test]
        fn runs_factor_times_as_fast(factor in 0u32..100_000, passed_ms in 0i64..86_400_000) {
            let hand = ManualClock::at(start());
            let fast = ScaledClock::new(Arc::new(hand.clone()), factor);
            prop_assert_eq!(fast.now(), start());

            hand.advance(SignedDuration::from_millis(passed_ms));

            prop_assert_eq!(
                fast.now().duration_since(start()),
                SignedDuration::from_millis(passed_ms * i64::from(factor))
            );
        }
    }

    #[test]
    fn a_second_run_continues_from_the_anchor_of_the_first() {
        let hand = ManualClock::at(start());
        let first = ScaledClock::new(Arc::new(hand.clone()), 60);
        hand.advance(SignedDuration::from_mins(10));
        let shown = first.now();
        assert_eq!(shown, "2026-03-02T22:00:00Z".parse().unwrap());

        let second = ScaledClock::anchored(Arc::new(hand.clone()), first.anchor(), first.factor());

        assert_eq!(second.now(), shown);
    }

    #[test]
    fn stops_at_the_end_of_the_calendar() {
        let hand = ManualClock::at(start());
        let fast = ScaledClock::new(Arc::new(hand.clone()), u32::MAX);
        hand.advance(SignedDuration::from_hours(24 * 365));

        assert_eq!(fast.now(), Timestamp::MAX);
    }
}
