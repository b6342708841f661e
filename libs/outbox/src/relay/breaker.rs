//! Sparing a destination that is away. Pure: time comes from outside.
//!
//! ```text
//!            limit failures in a row              pause over
//!   CLOSED --------------------------> OPEN ---------------------> one call goes through (the pause starts anew meanwhile,
//!     ^                                 ^                            so that one worker tries at a time)
//!     |                                 +----- fails: pause doubled, 1 s .. 10 s -----+
//!     +---------------------------------------- any answer at all --------------------+
//! ```

use jiff::{SignedDuration, Timestamp};

/// First and longest pause between tries of a destination that is away.
const FIRST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_secs(10);

/// One destination's breaker, of one process.
#[derive(Debug)]
pub(crate) struct Breaker {
    limit: u32,
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    pause: SignedDuration,
    until: Timestamp,
    trying: bool,
}

// === impl Breaker ===

impl Breaker {
    /// Opens after `limit` failures in a row.
    pub(crate) fn new(limit: u32) -> Self {
        Breaker { limit, failures: 0, open: None }
    }

    /// How many of `wanted` calls may be made now.
    pub(crate) fn admits(&mut self, now: Timestamp, wanted: u32) -> u32 {
        match &mut self.open {
            None => wanted,
            Some(open) if now < open.until => 0,
            Some(open) => {
                open.until = now + open.pause;
                open.trying = true;
                1
            }
        }
    }

    /// The destination answered, whatever it said.
    pub(crate) fn answered(&mut self) {
        self.failures = 0;
        self.open = None;
    }

    /// The destination was away.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        match &mut self.open {
            None if self.failures >= self.limit => {
                self.open = Some(Open { pause: FIRST, until: now + FIRST, trying: false });
            }
            Some(open) if open.trying => {
                let pause = (open.pause * 2).min(LONGEST);
                *open = Open { pause, until: now + pause, trying: false };
            }
            // The rest of a batch that was under way when it opened.
            _ => {}
        }
    }

    /// For the gauge.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    #[test]
    fn a_batch_that_fails_together_opens_it_for_one_second() {
        let mut breaker = Breaker::new(5);
        assert_eq!(breaker.admits(at(0), 100), 100);
        (0..100).for_each(|_| breaker.failed(at(0)));
        assert!(breaker.is_open());
        assert_eq!(breaker.admits(at(999), 100), 0);
        assert_eq!(breaker.admits(at(1000), 100), 1);
        assert_eq!(breaker.admits(at(1001), 100), 0, "one worker tries at a time");
    }

    #[test]
    fn each_try_that_fails_doubles_the_pause_to_ten_seconds() {
        let mut breaker = Breaker::new(1);
        breaker.failed(at(0));
        let mut now = 0;
        for pause in [1000, 2000, 4000, 8000, 10_000, 10_000] {
            assert_eq!(breaker.admits(at(now + pause - 1), 9), 0);
            now += pause;
            assert_eq!(breaker.admits(at(now), 9), 1);
            breaker.failed(at(now));
        }
    }

    #[test]
    fn any_answer_closes_it_and_counting_starts_anew() {
        let mut breaker = Breaker::new(2);
        breaker.failed(at(0));
        breaker.answered();
        breaker.failed(at(0));
        assert_eq!(breaker.admits(at(0), 9), 9);
        breaker.failed(at(0));
        assert_eq!(breaker.admits(at(0), 9), 0);
        breaker.answered();
        assert_eq!(breaker.admits(at(0), 9), 9);
    }
}
