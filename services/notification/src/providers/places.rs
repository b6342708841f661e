//! Places that the lanes share, some of them out of the lower lanes' reach (N-08).
//!
//! A lane and those under it together hold at most what the lanes above leave them, with R places reserved:
//!
//! | lane | may hold, together with those under it |
//! |---|---|
//! | code | all places |
//! | emergency | all but half of R |
//! | normal | all but R |
//! | bulk | all but twice R |
//!
//! and each of them at least one. So whatever the provider does to normal and bulk messages, R places turn over for codes and
//! emergencies. A place that becomes free goes to the highest lane that waits and may take it, within a lane to who came first; with a
//! single place that is all there is to it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::templates::Lane;

const LANES: usize = 4;

#[derive(Debug)]
pub(super) struct Places {
    reserved: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// By rank, the highest lane first.
    held: [usize; LANES],
    waiting: [VecDeque<oneshot::Sender<()>>; LANES],
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    rank: usize,
}

struct Waiting<'a> {
    places: &'a Places,
    rank: usize,
    given: oneshot::Receiver<()>,
}

// === impl Places ===

impl Places {
    pub(super) fn new(limit: usize, reserved: usize) -> Self {
        let state = State { limit, held: [0; LANES], waiting: Default::default() };
        Self { reserved, state: Mutex::new(state) }
    }

    /// Waits for a place that the lane may take.
    pub(super) async fn take(&self, lane: Lane) -> Place<'_> {
        let rank = rank(lane);
        loop {
            let mut waiting = {
                let mut state = self.state();
                if state.admits(rank, self.reserved) {
                    state.held[rank] += 1;
                    return Place { places: self, rank };
                }
                let (sender, given) = oneshot::channel();
                state.waiting[rank].push_back(sender);
                Waiting { places: self, rank, given }
            };
            // It was counted as held when it was given.
            if (&mut waiting.given).await.is_ok() {
                return Place { places: self, rank };
            }
        }
    }

    /// Changes how many there are. Fewer than are held: those come back first.
    pub(super) fn set_limit(&self, limit: usize) {
        let mut state = self.state();
        state.limit = limit;
        state.hand_out(self.reserved);
    }

    fn give_back(&self, rank: usize) {
        let mut state = self.state();
        state.held[rank] -= 1;
        state.hand_out(self.reserved);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers and a queue, each changed in one step: a panic elsewhere leaves them usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    /// A lane that can't have a place keeps those under it from having one too: what is full for it is full for them.
    fn admits(&self, rank: usize, reserved: usize) -> bool {
        (0..=rank).all(|top| self.held[top..].iter().sum::<usize>() < self.share(top, reserved))
    }

    fn share(&self, rank: usize, reserved: usize) -> usize {
        let left_to_those_above = [0, reserved / 2, reserved, reserved.saturating_mul(2)][rank];
        self.limit.saturating_sub(left_to_those_above).max(1)
    }

    fn hand_out(&mut self, reserved: usize) {
        for rank in 0..LANES {
            while self.admits(rank, reserved) {
                let Some(next) = self.waiting[rank].pop_front() else { break };
                // Otherwise it has stopped waiting.
                if next.send(()).is_ok() {
                    self.held[rank] += 1;
                }
            }
        }
    }
}

// === impl Place ===

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.give_back(self.rank);
    }
}

// === impl Waiting ===

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Given up in the instant in which it was given.
        self.given.close();
        if self.given.try_recv().is_ok() {
            self.places.give_back(self.rank);
        }
    }
}

fn rank(lane: Lane) -> usize {
    match lane {
        Lane::Code => 0,
        Lane::Emergency => 1,
        Lane::Normal => 2,
        Lane::Bulk => 3,
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, poll};

    use super::*;

    const DOWNWARDS: [Lane; LANES] = [Lane::Code, Lane::Emergency, Lane::Normal, Lane::Bulk];

    fn all(places: &Places, lane: Lane) -> Vec<Place<'_>> {
        std::iter::from_fn(|| places.take(lane).now_or_never()).collect()
    }

    #[test]
    fn each_lane_leaves_room_for_those_above() {
        for (limit, reserved, most) in [
            (10, 2, [10, 9, 8, 6]),
            (10, 1, [10, 10, 9, 8]),
            (4, 1, [4, 4, 3, 2]),
            (2, 1, [2, 2, 1, 1]),
            (2, 5, [2, 1, 1, 1]),
            (1, 1, [1, 1, 1, 1]),
        ] {
            let places = Places::new(limit, reserved);
            // Alone, each with all the places.
            assert_eq!(DOWNWARDS.map(|lane| all(&places, lane).len()), most, "{limit} with {reserved} reserved");
            // From the lowest upwards, each on top of those under it.
            let mut held: Vec<_> = all(&places, Lane::Bulk);
            for (lane, most) in DOWNWARDS.into_iter().zip(most).rev() {
                held.extend(all(&places, lane));
                assert_eq!(held.len(), most, "{limit} with {reserved} reserved, up to {lane:?}");
            }
            // From the highest downwards nothing is left.
            drop(held);
            let held = all(&places, Lane::Code);
            assert!(DOWNWARDS.iter().all(|lane| places.take(*lane).now_or_never().is_none()));
            drop(held);
        }
    }

    #[tokio::test]
    async fn one_that_stops_waiting_takes_no_place_with_it() {
        let places = Places::new(1, 1);
        let held = places.take(Lane::Code).await;
        let mut first = Box::pin(places.take(Lane::Code));
        let mut second = Box::pin(places.take(Lane::Code));
        let mut third = Box::pin(places.take(Lane::Code));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(first);
        // Given to the second, which is gone before it looks.
        drop(held);
        drop(second);
        assert!(poll!(&mut third).is_ready());
    }

    #[tokio::test]
    async fn fewer_places_take_effect_as_they_come_back_and_more_at_once() {
        let places = Places::new(4, 1);
        let mut held = all(&places, Lane::Code);
        places.set_limit(2);
        held.truncate(2);
        assert!(places.take(Lane::Code).now_or_never().is_none());
        let mut waiting = Box::pin(places.take(Lane::Code));
        assert!(poll!(&mut waiting).is_pending());
        places.set_limit(3);
        assert!(poll!(&mut waiting).is_ready());
    }
}
