//! When to try again. Pure: time and dice come from outside.

use jiff::SignedDuration;
use std::time::Duration;

/// Pause after the first attempt; doubled after each further one.
const FIRST: Duration = Duration::from_secs(1);

/// Longest pause of our own choosing. Short, because it is also how long a citizen waits after an outage; the breaker, not the pause,
/// is what spares a destination that is down.
const LONGEST: Duration = Duration::from_secs(30);

/// Longest pause of our own choosing for a call that its receiver, who is there, puts off. It may do so for weeks: a notice to somebody
/// it has never heard of would be tried two million times at the second that it asks for.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(60);

/// Longest pause that a receiver is granted: beyond it the request ids' 30 days would come into play.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// Pause after attempt number `attempts` (from 1). `dice` is even in 0..1.
///
/// Of our own pause the second half is drawn, so that a batch that failed together does not come back together. What the receiver asks
/// for by RetryInfo is never undercut; our own pause takes over where it has grown longer.
pub(crate) fn pause(attempts: i32, asked: Option<Duration>, dice: f64) -> SignedDuration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    let own = |longest: Duration| (FIRST * 2u32.pow(doublings)).min(longest).mul_f64(0.5 + dice / 2.0);
    let pause = match asked {
        Some(asked) => asked.min(LONGEST_ASKED).mul_f64(1.0 + dice / 10.0).max(own(LONGEST_PUT_OFF)),
        None => own(LONGEST),
    };
    SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pause_stays_in_its_bounds(attempts in 0..i32::MAX, dice in 0.0..1.0f64) {
            let own = pause(attempts, None, dice);
            prop_assert!(own >= SignedDuration::from_millis(500) && own <= SignedDuration::from_secs(30));
        }

        #[test]
        fn what_the_receiver_asks_is_not_undercut(attempts in 0..i32::MAX, seconds in 0..3600u64, dice in 0.0..1.0f64) {
            let asked = Duration::from_secs(seconds);
            let granted = pause(attempts, Some(asked), dice).unsigned_abs();
            prop_assert!(granted >= asked && granted <= asked.mul_f64(1.1).max(LONGEST_PUT_OFF));
        }
    }

    #[test]
    fn pauses_double_to_half_a_minute() {
        let seconds: Vec<_> = (1..=7).map(|attempts| pause(attempts, None, 1.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_second_that_is_asked_for_again_and_again_grows_to_a_minute() {
        let asked = Some(Duration::from_secs(1));
        let seconds: Vec<_> = (1..=8).map(|attempts| pause(attempts, asked, 1.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
