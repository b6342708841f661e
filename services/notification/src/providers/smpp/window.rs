//! How much may be in flight, and when to hold back (SMPP window and throttling).
//!
//! Additive increase, multiplicative decrease: a throttling answer halves the limit (never under 1) and opens a pause; each full
//! limit of accepted submits raises it by one, up to the configured window. The pause is measured by the suite's clock, so a
//! test that turns the clock by hand turns this too.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Window {
    permits: Semaphore,
    state: Mutex<State>,
    most: usize,
    first_pause: Duration,
}

#[derive(Debug)]
struct State {
    /// In flight at most.
    limit: usize,
    /// Permits to destroy as they come back, after the limit fell under what was in flight.
    debt: usize,
    /// Accepted since the limit last changed.
    streak: usize,
    /// Throttling answers in a row.
    throttled: u32,
    paused_until: Option<Timestamp>,
}

/// A place in the window; gone when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    window: &'a Window,
    permit: Option<SemaphorePermit<'a>>,
}

impl Window {
    pub(super) fn new(most: usize, first_pause: Duration) -> Self {
        let state = State { limit: most, debt: 0, streak: 0, throttled: 0, paused_until: None };
        Self { permits: Semaphore::new(most), state: Mutex::new(state), most, first_pause }
    }

    /// Waits for a place. `Err`: a pause is on, with what is left of it. `now` is read again after the wait.
    pub(super) async fn enter(&self, now: impl Fn() -> Timestamp) -> Result<Slot<'_>, Duration> {
        self.paused(now())?;
        // The semaphore is never closed; should that change, the message is simply held back.
        let permit = self.permits.acquire().await.map_err(|_| self.first_pause)?;
        let slot = Slot { window: self, permit: Some(permit) };
        self.paused(now())?;
        Ok(slot)
    }

    /// A throttling answer came; gives the pause.
    pub(super) fn throttled(&self, now: Timestamp) -> Duration {
        let mut state = self.state();
        let doubled = self.first_pause.saturating_mul(1 << state.throttled.min(16));
        let pause = doubled.min(LONGEST_PAUSE);
        state.throttled += 1;
        state.streak = 0;
        let until = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok());
        state.paused_until = state.paused_until.max(until);
        let limit = (state.limit / 2).max(1);
        let lost = state.limit - limit;
        state.limit = limit;
        let destroyed = self.permits.forget_permits(lost);
        state.debt += lost - destroyed;
        pause
    }

    /// A submit was accepted.
    pub(super) fn accepted(&self) {
        let mut state = self.state();
        state.throttled = 0;
        state.streak += 1;
        if state.limit < self.most && state.streak >= state.limit {
            state.streak = 0;
            state.limit += 1;
            if state.debt > 0 {
                state.debt -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    fn paused(&self, now: Timestamp) -> Result<(), Duration> {
        match self.state().paused_until {
            Some(until) if until > now => Err(until.duration_since(now).unsigned_abs()),
            _ => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers only: a panic elsewhere leaves them usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.window.state();
        if state.debt > 0 {
            state.debt -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).expect("in range")
    }

    fn slots(window: &Window, now: Timestamp) -> Vec<Slot<'_>> {
        std::iter::from_fn(|| window.enter(|| now).now_or_never().and_then(Result::ok)).collect()
    }

    #[test]
    fn halves_under_throttling_pauses_and_grows_back() {
        let window = Window::new(8, Duration::from_secs(1));
        let flying = slots(&window, at(0));
        assert_eq!(flying.len(), 8);

        assert_eq!(window.throttled(at(0)), Duration::from_secs(1));
        assert_eq!(window.throttled(at(0)), Duration::from_secs(2));
        drop(flying);
        let held = window.enter(|| at(1)).now_or_never().expect("answers at once").expect_err("paused");
        assert_eq!(held, Duration::from_secs(1));
        assert_eq!(slots(&window, at(2)).len(), 2, "8 halved twice");

        for _ in 0..2 {
            window.accepted();
        }
        assert_eq!(slots(&window, at(2)).len(), 3, "one more after a full window");
        for _ in 0..100 {
            window.accepted();
        }
        assert_eq!(slots(&window, at(2)).len(), 8, "never more than configured");
        assert_eq!(window.throttled(at(3)), Duration::from_secs(1), "accepted submits forgive the past");
    }

    #[test]
    fn never_under_one_and_never_over_a_minute() {
        let window = Window::new(4, Duration::from_secs(1));
        for _ in 0..70 {
            assert!(window.throttled(at(0)) <= LONGEST_PAUSE);
        }
        assert_eq!(slots(&window, at(61)).len(), 1);
    }
}
