//! What the ticket service's answer to a hand-over does.

use jiff::Timestamp;

use super::deadline::Deadline;
use super::policies::Policies;
use super::rung::{Rung, RungKey, RungState};
use super::times::micros;

/// Why a rung was suppressed whose call nobody accepted: a person looks at the dead call.
const CALL_DEAD: &str = "CALL_DEAD";
/// Why a rung was suppressed whose level, or a higher one, had acted by the time its requeued call was accepted: nothing new happened.
const LEVEL_ACTED: &str = "LEVEL_ACTED";

/// What became of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The appeal was handed up.
    Accepted {
        /// What the citizen is told to expect now; `None` where the ladder's promise is not theirs, as of every clock but the resolution's.
        expected_time: Option<Timestamp>,
    },
    /// Too late, paused, or an old epoch.
    Refused(String),
    /// The call died.
    Dead,
}

// === impl Deadline ===

impl Deadline {
    /// Takes an answer over and arms anew: what was refused in an older epoch may be due again in this one. Answers the rung as it is now;
    /// `None`, and no change, when there is no such rung or it was settled before. A dead call may be requeued, so it may be answered again.
    ///
    /// The level has it from when it was accepted, so the next one waits for what was promised then. When it fired does not change: that is the
    /// event which a repeat notice tells of, and a resolution after it makes the notice void.
    pub fn settle(&mut self, key: RungKey, answer: &Answer, now: Timestamp, policies: &Policies) -> Option<Rung> {
        let begun = self.rungs.iter().find(|rung| rung.key == key)?.start_epoch;
        // Of the same wait: the answer may come when the clock began anew more than once since.
        let is_of_it = |it: &Rung| it.key.clock == key.clock && it.start_epoch == begun;
        let reached = |it: &Rung| it.state == RungState::Acted && is_of_it(it) && it.key.level >= key.level;
        let acted_before = self.rungs.iter().any(reached);
        let rung = self.rungs.iter_mut().find(|rung| rung.key == key)?;
        let was_dead = rung.state == RungState::Suppressed && rung.reason.as_deref() == Some(CALL_DEAD);
        if rung.state != RungState::Fired && !was_dead {
            return None;
        }
        let (state, reason) = match answer {
            Answer::Accepted { .. } if acted_before => (RungState::Suppressed, Some(LEVEL_ACTED)),
            Answer::Accepted { .. } => (RungState::Acted, None),
            Answer::Refused(reason) => (RungState::Suppressed, Some(reason.as_str())),
            Answer::Dead => (RungState::Suppressed, Some(CALL_DEAD)),
        };
        rung.state = state;
        // Why it was due before its time stays.
        let kept = rung.reason.take().filter(|_| state == RungState::Acted && !was_dead);
        rung.reason = reason.map(str::to_owned).or(kept);
        if let (RungState::Acted, Answer::Accepted { expected_time }) = (rung.state, answer) {
            rung.accept_time = Some(micros(now));
            rung.promise_time = match (expected_time, self.promise.clock(key.clock)) {
                (Some(told), _) => rung.promise_time.max(Some(micros(*told))),
                (None, Some(clock)) if rung.promise_time.is_none_or(|time| time <= now) => {
                    policies.late_promise(&self.promise, clock, rung, micros(now))
                }
                (None, _) => rung.promise_time,
            };
        }
        let settled = rung.clone();
        self.touch(now);
        self.rearm(policies);
        Some(settled)
    }

    /// Whether the time that a rung promised has passed as well, so that the next level is due: what is to be told is that one's time.
    pub fn is_overtaken(&self, rung: &Rung, now: Timestamp) -> bool {
        let is_next = |it: &Rung| it.is_armed() && it.key.clock == rung.key.clock && it.key.level > rung.key.level;
        self.rungs.iter().any(|it| is_next(it) && it.fire_time.is_some_and(|time| time <= now))
    }
}
