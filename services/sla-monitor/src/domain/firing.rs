//! What happens when a rung's time has come.

use ::deadline::ClockKind;
use jiff::{SignedDuration, Timestamp};

use super::deadline::Deadline;
use super::policies::Policies;
use super::rung::{Rung, RungState};
use super::times::micros;

/// Why a rung did not act: a higher one was due too, after an outage of ours or of whoever told us.
const HIGHER_LEVEL_DUE: &str = "HIGHER_LEVEL_DUE";

// === impl Deadline ===

impl Deadline {
    /// Fires what is due: of each clock the highest level that is; the lower ones are superseded, so that an outage ends without a flood
    /// (S-11). A level that fires late promises from now on: counted from when it was planned, its term might be over already. Answers the rungs
    /// that moved on, of each clock in order of levels.
    pub fn fire(&mut self, now: Timestamp, policies: &Policies) -> Vec<Rung> {
        let now = micros(now);
        let mut moved = Vec::new();
        for clock in &self.promise.clocks {
            if !self.may_fire(clock) {
                continue;
            }
            let is_due = |rung: &&Rung| rung.fire_time.is_some_and(|time| time <= now);
            let due: Vec<_> = self.armed(clock).filter(is_due).collect();
            // Of warnings the last: they are not written in the order of their times.
            let rank = |rung: &&&Rung| (rung.key.level.max(0), rung.fire_time, rung.key.level);
            let Some(highest) = due.iter().max_by_key(rank).map(|rung| rung.key) else { continue };
            let due: Vec<_> = due.iter().map(|rung| rung.key).collect();
            let happened = self.moment(clock.kind, now);
            for rung in self.rungs.iter_mut().filter(|rung| due.contains(&rung.key)) {
                if rung.key == highest {
                    // Nobody has to accept a warning.
                    rung.state = if rung.key.level <= 0 { RungState::Acted } else { RungState::Fired };
                    rung.act_time = Some(happened);
                    if rung.state == RungState::Fired && rung.fire_time < Some(now) {
                        rung.promise_time = policies.late_promise(&self.promise, clock, rung, now);
                    }
                } else {
                    rung.state = RungState::Superseded;
                    rung.reason = Some(HIGHER_LEVEL_DUE.to_owned());
                }
                moved.push(rung.clone());
            }
        }
        if !moved.is_empty() {
            self.touch(now);
        }
        moved
    }

    /// When a level acts that acts now: after those before it. A level whose notice reached nobody is followed by the next at once, and the citizen's
    /// notices are told apart by the time of what they tell.
    fn moment(&self, clock: ClockKind, now: Timestamp) -> Timestamp {
        let acted = self.rungs.iter().filter(|rung| rung.key.clock == clock).filter_map(|rung| rung.act_time).max();
        let after = acted.and_then(|time| time.checked_add(SignedDuration::from_micros(1)).ok());
        after.map_or(now, |after| now.max(after))
    }
}
