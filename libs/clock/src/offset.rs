use jiff::{SignedDuration, Timestamp};

use crate::{Clock, SharedClock, shifted};

/// A base clock and a fixed offset from it: a machine whose time is wrong by a known amount.
#[derive(Clone, Debug)]
pub struct OffsetClock {
    base: SharedClock,
    offset: SignedDuration,
}

impl OffsetClock {
    /// A clock that reads `base` plus `offset`.
    pub fn new(base: SharedClock, offset: SignedDuration) -> Self {
        Self { base, offset }
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        shifted(self.base.now(), self.offset)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ManualClock;

    #[test]
    fn reads_the_base_moved_by_the_offset() {
        let hand = ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap());
        let slow = OffsetClock::new(Arc::new(hand.clone()), SignedDuration::from_secs(-60));

        assert_eq!(slow.now(), "2026-03-02T08:59:00Z".parse().unwrap());
        hand.advance(SignedDuration::from_mins(5));
        assert_eq!(slow.clone().now(), "2026-03-02T09:04:00Z".parse().unwrap());
    }

    #[test]
    fn stops_at_the_end_of_the_calendar() {
        let last = OffsetClock::new(Arc::new(ManualClock::at(Timestamp::MAX)), SignedDuration::from_secs(1));

        assert_eq!(last.now(), Timestamp::MAX);
    }
}
