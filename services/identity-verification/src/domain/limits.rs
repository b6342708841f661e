//! How often a code may go to one address, whoever asks: unauthenticated pressure slows new codes and locks nobody out (I-02).

use jiff::{SignedDuration, Timestamp};

use super::SendLimits;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `Err(when)` the next one may go. `sent`: when codes went to the address during the last day, in any order.
pub fn may_send(sent: &[Timestamp], now: Timestamp, limits: &SendLimits) -> Result<(), Timestamp> {
    let next = next_send(sent, now, limits);
    if next <= now { Ok(()) } else { Err(next) }
}

/// The earliest instant at which another code may go.
pub fn next_send(sent: &[Timestamp], now: Timestamp, limits: &SendLimits) -> Timestamp {
    let mut sent: Vec<Timestamp> = sent.iter().copied().filter(|at| *at > now - DAY).collect();
    sent.sort_unstable();
    let within_hour = sent.iter().filter(|at| **at > now - HOUR).count();
    let gap = within_hour.checked_sub(1).and_then(|used| limits.gaps.get(used).or(limits.gaps.last()));
    let after_gap = sent.last().zip(gap).map(|(last, gap)| *last + *gap);
    // With n sent of n allowed, the next may go when the n-th last one leaves the window.
    let leaves = |allowed: usize, window| {
        sent.len().checked_sub(allowed).and_then(|index| sent.get(index)).map(|at| *at + window)
    };
    [after_gap, leaves(limits.per_hour, HOUR), leaves(limits.per_day, DAY)].into_iter().flatten().max().unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{DAY, HOUR, SendLimits, may_send};

    fn limits() -> SendLimits {
        let gaps = [30, 60, 120, 240].map(SignedDuration::from_secs).to_vec();
        SendLimits { gaps, per_hour: 5, per_day: 10 }
    }

    fn start() -> Timestamp {
        "2026-11-22T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn gaps_grow_and_then_the_hour_is_full() {
        let mut sent = vec![start()];
        let mut now = start();
        for gap in [30, 60, 120, 240] {
            let next = now + SignedDuration::from_secs(gap);
            assert_eq!(may_send(&sent, next - SignedDuration::from_secs(1), &limits()), Err(next));
            assert_eq!(may_send(&sent, next, &limits()), Ok(()));
            sent.push(next);
            now = next;
        }
        assert_eq!(may_send(&sent, now + SignedDuration::from_secs(300), &limits()), Err(start() + HOUR));
    }

    proptest! {
        /// Whoever asks at whatever moments, no hour sees more than five and no day more than ten.
        #[test]
        fn no_window_is_overfull(waits in prop::collection::vec(0i64..4_000, 1..200)) {
            let mut now = start();
            let mut sent: Vec<Timestamp> = Vec::new();
            for wait in waits {
                now += SignedDuration::from_secs(wait);
                if may_send(&sent, now, &limits()).is_ok() {
                    sent.push(now);
                }
            }
            for at in &sent {
                let within = |window| sent.iter().filter(|it| **it >= *at && **it < *at + window).count();
                prop_assert!(within(HOUR) <= 5);
                prop_assert!(within(DAY) <= 10);
            }
        }

        /// The instant promised as "come back then" is one at which it works.
        #[test]
        fn coming_back_as_told_works(waits in prop::collection::vec(0i64..4_000, 1..50)) {
            let mut now = start();
            let mut sent: Vec<Timestamp> = Vec::new();
            for wait in waits {
                now += SignedDuration::from_secs(wait);
                while let Err(next) = may_send(&sent, now, &limits()) {
                    prop_assert!(next > now);
                    now = next;
                }
                sent.push(now);
            }
        }
    }
}
