//! How much may be in flight, and when to hold back (SMPP window and throttling).
//!
//! Additive increase, multiplicative decrease: a throttling answer halves the limit (never under 1) and opens a pause; each full
//! limit of accepted submits raises it by one, up to the configured window. The pause is measured by the suite's clock, so a
//! test that turns the clock by hand turns this too.
//!
//! A burst is one throttle: the centre refuses everything that was in flight when it had enough. Answers to submits that left before the
//! present pause began say nothing about what it will take after it, and change nothing.
//!
//! The places themselves, and who gets one first, are [`Places`]'.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::places::{Place, Places};
use crate::templates::Lane;

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Window {
    places: Places,
    state: Mutex<State>,
    most: usize,
    first_pause: Duration,
}

#[derive(Debug)]
struct State {
    /// In flight at most.
    limit: usize,
    /// Accepted since the limit last changed.
    streak: usize,
    /// Pauses in a row, with nothing accepted in between.
    throttled: u32,
    /// Pauses so far.
    pauses: u64,
    paused_until: Option<Timestamp>,
}

/// A place in the window; gone when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    window: &'a Window,
    /// Pauses so far when the submit left.
    pauses: u64,
    _place: Place<'a>,
}

// === impl Window ===

impl Window {
    pub(super) fn new(most: usize, reserved: usize, first_pause: Duration) -> Self {
        let state = State { limit: most, streak: 0, throttled: 0, pauses: 0, paused_until: None };
        Self { places: Places::new(most, reserved), state: Mutex::new(state), most, first_pause }
    }

    /// Waits for a place. `Err`: a pause is on, with what is left of it. `now` is read again after the wait.
    pub(super) async fn enter(&self, lane: Lane, now: impl Fn() -> Timestamp) -> Result<Slot<'_>, Duration> {
        self.state().paused(now())?;
        let mut slot = Slot { window: self, pauses: 0, _place: self.places.take(lane).await };
        slot.leave(now())?;
        Ok(slot)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers only: a panic elsewhere leaves them usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn paused(&self, now: Timestamp) -> Result<(), Duration> {
        match self.paused_until {
            Some(until) if until > now => Err(until.duration_since(now).unsigned_abs()),
            _ => Ok(()),
        }
    }
}

// === impl Slot ===

impl Slot<'_> {
    /// The submit leaves now; to be said again if it was held up behind the place. `Err` as of [`Window::enter`].
    pub(super) fn leave(&mut self, now: Timestamp) -> Result<(), Duration> {
        let state = self.window.state();
        state.paused(now)?;
        self.pauses = state.pauses;
        Ok(())
    }

    /// A throttling answer came; gives the pause, or what is left of it.
    pub(super) fn throttled(&self, now: Timestamp) -> Duration {
        let window = self.window;
        let mut state = window.state();
        if self.pauses < state.pauses {
            return state.paused(now).err().unwrap_or_default();
        }
        let pause = window.first_pause.saturating_mul(1 << state.throttled.min(16)).min(LONGEST_PAUSE);
        state.throttled += 1;
        state.pauses += 1;
        state.streak = 0;
        state.paused_until =
            SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok()).or(state.paused_until);
        state.limit = (state.limit / 2).max(1);
        window.places.set_limit(state.limit);
        pause
    }

    /// The submit was accepted.
    pub(super) fn accepted(&self) {
        let window = self.window;
        let mut state = window.state();
        if self.pauses < state.pauses {
            return;
        }
        state.throttled = 0;
        state.streak += 1;
        if state.limit < window.most && state.streak >= state.limit {
            state.streak = 0;
            state.limit += 1;
            window.places.set_limit(state.limit);
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

    fn slot(window: &Window, now: Timestamp) -> Result<Slot<'_>, Duration> {
        window.enter(Lane::Code, || now).now_or_never().expect("a place")
    }

    fn slots(window: &Window, now: Timestamp) -> Vec<Slot<'_>> {
        std::iter::from_fn(|| window.enter(Lane::Code, || now).now_or_never().and_then(Result::ok)).collect()
    }

    #[test]
    fn halves_under_throttling_pauses_and_grows_back() {
        let window = Window::new(8, 1, Duration::from_secs(1));
        let flying = slots(&window, at(0));
        assert_eq!(flying.len(), 8);
        assert_eq!(flying[0].throttled(at(0)), Duration::from_secs(1));
        drop(flying);
        assert_eq!(slot(&window, at(0)).expect_err("paused"), Duration::from_secs(1));
        assert_eq!(slot(&window, at(1)).expect("over").throttled(at(1)), Duration::from_secs(2));
        assert_eq!(slot(&window, at(2)).expect_err("paused"), Duration::from_secs(1));
        assert_eq!(slots(&window, at(3)).len(), 2, "8 halved twice");

        for _ in 0..2 {
            slot(&window, at(3)).expect("a place").accepted();
        }
        assert_eq!(slots(&window, at(3)).len(), 3, "one more after a full window");
        for _ in 0..100 {
            slot(&window, at(3)).expect("a place").accepted();
        }
        assert_eq!(slots(&window, at(3)).len(), 8, "never more than configured");
        let pause = slot(&window, at(4)).expect("a place").throttled(at(4));
        assert_eq!(pause, Duration::from_secs(1), "accepted submits forgive the past");
    }

    #[test]
    fn a_burst_is_one_throttle() {
        let window = Window::new(8, 1, Duration::from_secs(4));
        let flying = slots(&window, at(0));
        assert_eq!(flying[0].throttled(at(0)), Duration::from_secs(4));
        assert_eq!(flying[1].throttled(at(1)), Duration::from_secs(3), "what is left");
        flying[2].accepted();
        assert_eq!(flying[3].throttled(at(9)), Duration::ZERO, "long over");
        drop(flying);
        assert_eq!(slots(&window, at(4)).len(), 4, "halved once");
        // What leaves after the pause counts again, and the pause doubles: the accepted one left before it.
        let next = slot(&window, at(4)).expect("a place");
        assert_eq!(next.throttled(at(4)), Duration::from_secs(8));
    }

    #[test]
    fn one_that_was_held_up_counts_by_when_it_left() {
        let window = Window::new(4, 1, Duration::from_secs(1));
        let mut held_up = slot(&window, at(0)).expect("a place");
        assert_eq!(slot(&window, at(0)).expect("a place").throttled(at(0)), Duration::from_secs(1));
        assert_eq!(held_up.leave(at(0)), Err(Duration::from_secs(1)));
        assert_eq!(held_up.leave(at(1)), Ok(()));
        assert_eq!(held_up.throttled(at(1)), Duration::from_secs(2));
    }

    #[test]
    fn never_under_one_and_never_over_a_minute() {
        let window = Window::new(4, 1, Duration::from_secs(1));
        let mut now = 0;
        for _ in 0..70 {
            assert!(slot(&window, at(now)).expect("a place").throttled(at(now)) <= LONGEST_PAUSE);
            now += 60;
        }
        assert_eq!(slots(&window, at(now)).len(), 1);
    }
}
