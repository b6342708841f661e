//! What the ticket service's answer to a hand-over does.

use jiff::Timestamp;

use super::deadline::Deadline;
use super::policies::Policies;
use super::rung::{Rung, RungKey, RungState};

/// Why a rung was suppressed whose call nobody accepted: a person looks at the dead call.
const CALL_DEAD: &str = "CALL_DEAD";
/// Why a rung was suppressed whose level, or a higher one, had acted by the time its requeued call was accepted: nothing new happened.
const LEVEL_ACTED: &str = "LEVEL_ACTED";

/// What became of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The appeal was handed up.
    Accepted,
    /// Too late, paused, or an old epoch.
    Refused(String),
    /// The call died.
    Dead,
}

// === impl Deadline ===

impl Deadline {
    /// Takes an answer over and arms anew: what was refused in an older epoch may be due again in this one. Answers the rung as it is now;
    /// `None`, and no change, when there is no such rung or it was settled before. A dead call may be requeued, so it may be answered again.
    pub fn settle(&mut self, key: RungKey, answer: &Answer, now: Timestamp, policies: &Policies) -> Option<Rung> {
        let reached =
            |it: &Rung| it.state == RungState::Acted && it.key.clock == key.clock && it.key.level >= key.level;
        let acted_before = self.rungs.iter().any(reached);
        let rung = self.rungs.iter_mut().find(|rung| rung.key == key)?;
        let was_dead = rung.state == RungState::Suppressed && rung.reason.as_deref() == Some(CALL_DEAD);
        if rung.state != RungState::Fired && !was_dead {
            return None;
        }
        let (state, reason) = match answer {
            Answer::Accepted if acted_before => (RungState::Suppressed, Some(LEVEL_ACTED)),
            Answer::Accepted => (RungState::Acted, None),
            Answer::Refused(reason) => (RungState::Suppressed, Some(reason.as_str())),
            Answer::Dead => (RungState::Suppressed, Some(CALL_DEAD)),
        };
        rung.state = state;
        rung.reason = reason.map(str::to_owned);
        let settled = rung.clone();
        self.touch(now);
        self.rearm(policies);
        Some(settled)
    }
}
