use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::Clock;

/// A clock turned by hand, for tests. Clones share the hand, so every part of a suite sees the same instant.
#[derive(Clone, Debug)]
pub struct ManualClock {
    hand: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    /// A clock that stands at `instant` until it is turned.
    pub fn at(instant: Timestamp) -> Self {
        Self { hand: Arc::new(Mutex::new(instant)) }
    }

    /// Turns the hand forward and returns the new instant.
    ///
    /// # Panics
    /// When `by` is negative or leads past the year 9999: a test that does so does not test what it says.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        assert!(!by.is_negative(), "a manual clock does not go back: advance({by:#})");
        let mut hand = self.hand();
        let Ok(next) = hand.checked_add(by) else { panic!("past the end of time: {} + {by:#}", *hand) };
        *hand = next;
        next
    }

    /// Turns the hand to `instant`; staying where it is is allowed.
    ///
    /// # Panics
    /// When `instant` lies before the hand. To play a machine whose time jumps back, put an `OffsetClock` over this one.
    pub fn set(&self, instant: Timestamp) {
        let mut hand = self.hand();
        assert!(instant >= *hand, "a manual clock does not go back: set({instant}) at {}", *hand);
        *hand = instant;
    }

    /// A panic of `advance` or `set` leaves the hand where it was, so a poisoned lock still holds a good instant.
    fn hand(&self) -> MutexGuard<'_, Timestamp> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.hand()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn stands_still_until_it_is_turned_and_clones_share_the_hand() {
        let clock = ManualClock::at(noon());
        let clone = clock.clone();

        assert_eq!(clock.now(), noon());
        assert_eq!(clone.advance(SignedDuration::from_mins(30)), clock.now());
        clock.set("2026-03-03T00:00:00Z".parse().unwrap());
        assert_eq!(clone.now(), "2026-03-03T00:00:00Z".parse().unwrap());
    }

    #[test]
    #[should_panic(expected = "does not go back")]
    fn refuses_a_negative_advance() {
        ManualClock::at(noon()).advance(SignedDuration::from_nanos(-1));
    }

    #[test]
    #[should_panic(expected = "does not go back")]
    fn refuses_to_be_set_back() {
        ManualClock::at(noon()).set("2026-03-02T11:59:59.999999999Z".parse().unwrap());
    }

    #[test]
    fn a_refusal_leaves_the_hand_where_it_was() {
        let clock = ManualClock::at(noon());
        let clone = clock.clone();
        let refused = std::thread::spawn(move || clone.set(Timestamp::UNIX_EPOCH)).join();

        assert!(refused.is_err());
        assert_eq!(clock.now(), noon());
    }
}
