//! Which rungs wait for their time.

use super::deadline::Deadline;
use super::policies::{Policies, Step};
use super::promise::Clock;
use super::rung::{Rung, RungKey, RungState};

// === impl Deadline ===

impl Deadline {
    /// Arms what the promise in force gives, in place of what was armed before. Rungs that have moved on stay as they are.
    pub fn rearm(&mut self, policies: &Policies) {
        self.rungs.retain(|rung| !rung.is_armed());
        for clock in &self.promise.clocks {
            let steps = policies.steps(&self.promise, clock);
            let armed = above(clock, steps, &self.rungs);
            self.rungs.extend(armed);
        }
        self.rungs.sort_by_key(|rung| rung.key);
    }
}

/// The levels above every one that acted, is under way, or has had its turn in this epoch.
fn above(clock: &Clock, steps: Vec<Step>, past: &[Rung]) -> Vec<Rung> {
    let bars = |rung: &&Rung| {
        rung.key.clock == clock.kind
            && (matches!(rung.state, RungState::Acted | RungState::Fired) || rung.key.epoch == clock.epoch)
    };
    let floor = past.iter().filter(|rung| !rung.is_armed()).filter(bars).map(|rung| rung.key.level).max();
    let arm = |step: Step| Rung {
        key: RungKey { clock: clock.kind, epoch: clock.epoch, level: step.level },
        state: RungState::Armed,
        fire_time: step.fire_time,
        act_time: None,
        promise_time: step.promise_time,
        reason: None,
        notice: None,
        notice_request_id: None,
    };
    steps.into_iter().filter(|step| floor.is_none_or(|floor| step.level > floor)).map(arm).collect()
}
