//! Which rungs wait for their time.

use jiff::Timestamp;

use super::deadline::Deadline;
use super::notice::NOTICE_UNHEARD;
use super::policies::{Policies, Step};
use super::promise::{Clock, Promise};
use super::rung::{Rung, RungKey, RungState};

/// Why a level is due before its time: the holder of the one before has not said within the policy's time that they have seen it.
const UNACKNOWLEDGED: &str = "UNACKNOWLEDGED";

// === impl Deadline ===

impl Deadline {
    /// Arms what the promise in force gives, in place of what was armed before. Rungs that have moved on stay as they are.
    pub fn rearm(&mut self, policies: &Policies) {
        self.rungs.retain(|rung| !rung.is_armed());
        for clock in &self.promise.clocks {
            let armed = above(policies, &self.promise, clock, &self.rungs);
            self.rungs.extend(armed);
        }
        self.rungs.sort_by_key(|rung| rung.key);
    }
}

/// The levels above every one that acted, is under way, or has had its turn in this epoch; and the warnings while there is none of these, but none
/// that had its turn in this epoch, or acted and the term was not extended since to where it falls later, and none whose time is before one that was
/// given.
fn above(policies: &Policies, promise: &Promise, clock: &Clock, past: &[Rung]) -> Vec<Rung> {
    let moved = past.iter().filter(|rung| !rung.is_armed() && rung.is_of(clock));
    let handed = |rung: &&Rung| matches!(rung.state, RungState::Acted | RungState::Fired);
    let bars = |rung: &&Rung| handed(rung) || rung.key.epoch == clock.epoch;
    let floor = moved.clone().filter(bars).map(|rung| rung.key.level).filter(|level| *level > 0).max();
    let warned =
        |rung: &&Rung| rung.key.level <= 0 && (rung.state == RungState::Acted || rung.key.epoch == clock.epoch);
    let warnings: Vec<_> = moved.clone().filter(warned).collect();
    let extensions = u8::try_from(clock.extensions.len()).unwrap_or(u8::MAX);
    // Only an extension that came since gives a new end to a warning that acted; a pause that we heard of late, or a reopening, is no reason to
    // remind again.
    let again = |step: &Step| {
        let since = |rung: &Rung| rung.extensions < extensions && rung.key.epoch != clock.epoch;
        // Of another warning it matters only whether it was given after this one's time.
        let before = |rung: &Rung| step.fire_time.is_none_or(|time| rung.act_time < Some(time));
        let of_it = |rung: &Rung| rung.key.level == step.level;
        let leaves = |rung: &Rung| {
            if of_it(rung) { since(rung) && step.fire_time.is_some() && before(rung) } else { before(rung) }
        };
        warnings.iter().all(|rung| leaves(rung))
    };
    let holder = moved.filter(handed).max_by_key(|rung| (rung.key.level, rung.key.epoch));
    let steps = policies
        .steps(promise, clock)
        .into_iter()
        .filter(|step| floor.is_none_or(|floor| step.level > floor))
        .filter(|step| step.level > 0 || again(step));
    let held_until = holder.and_then(|rung| policies.held_until(promise, clock, rung));
    let arm = |step: Step| Rung {
        key: RungKey { clock: clock.kind, epoch: clock.epoch, level: step.level },
        state: RungState::Armed,
        start_epoch: clock.start_epoch,
        extensions,
        fire_time: step.fire_time,
        act_time: None,
        accept_time: None,
        promise_time: step.promise_time,
        reason: None,
        notice: None,
        notice_time: None,
        notice_request_id: None,
    };
    let early =
        holder.filter(|rung| rung.key.epoch == clock.epoch).and_then(|rung| early(policies, promise, clock, rung));
    let mut armed: Vec<Rung> = waiting(policies, promise, clock, steps, held_until).into_iter().map(arm).collect();
    // Whoever comes next does not wait for the end of this level's term. Those after do.
    if let (Some((since, reason)), Some(next)) = (early, armed.first_mut())
        && next.fire_time.is_some_and(|planned| since < planned)
    {
        next.fire_time = Some(since);
        next.reason = Some(reason.to_owned());
    }
    armed
}

/// From when on, and why, the level above a holder's does not wait for the end of their term: the citizen does not know that we are late, or the
/// holder does not. One who has said that they have seen it has it for the whole of their term (S-08).
fn early(policies: &Policies, promise: &Promise, clock: &Clock, holder: &Rung) -> Option<(Timestamp, &'static str)> {
    if promise.is_acknowledged(holder.key.level, holder.act_time) {
        return None;
    }
    let unheard = holder.unheard_since().map(|since| (since, NOTICE_UNHEARD));
    let unseen = policies.acknowledge_end(promise, clock, holder).map(|since| (since, UNACKNOWLEDGED));
    [unheard, unseen].into_iter().flatten().min_by_key(|(since, _)| *since)
}

/// The steps, none of them before the one who has it now is late too. A holder who got it late has a later term than planned, and so has then
/// everyone above: each step begins where the one before it ends, and where that has no end now, the ladder ends so far.
fn waiting(
    policies: &Policies,
    promise: &Promise,
    clock: &Clock,
    steps: impl Iterator<Item = Step>,
    mut held_until: Option<Timestamp>,
) -> Vec<Step> {
    let mut waiting = Vec::new();
    for step in steps {
        match (step.fire_time, held_until) {
            (Some(planned), Some(held)) if held > planned => {
                let promise_time = policies.level_end(promise, clock, step.level, held);
                waiting.push(Step { fire_time: Some(held), promise_time, ..step });
                if promise_time.is_none() {
                    break;
                }
                held_until = promise_time;
            }
            _ => waiting.push(step),
        }
    }
    waiting
}
