//! What became of a repeat notice, and what follows where it reached nobody (S-08): a citizen who does not know that we are late is owed more than
//! one who does, so the appeal goes to the next level at once, and that level tells them again.
//!
//! ```text
//!   asked for ──► QUEUED ──► SENT ──► DELIVERED                        the next level waits for the end of this one's term
//!                   │          └────► FAILED   by every channel ─┐
//!                   └──► EXPIRED      never sent in time ────────┼──► the next level is due now; a delivery told later takes that back
//!             CALL_DEAD               never asked for ───────────┘     where it has not acted yet
//!                   └──► DROPPED      something newer was told         as if delivered
//! ```
//!
//! It holds in the epoch in which the level acted: in a later one, after a pause or an extension, the citizen has been told something since. And it
//! holds until whoever has the level says that they have seen it ([`Promise::acknowledgement`](super::Promise)): then it is a person's matter to
//! reach the citizen, until that level's own term is over. A policy may ask that they say so within a time, and the next level does not wait
//! either once that has passed.

use jiff::Timestamp;

use super::deadline::Deadline;
use super::policies::Policies;
use super::rung::{Rung, RungKey, RungState};
use super::times::micros;

/// What may become of one, in the order in which nothing goes back. A delivery that is reported after a failure stands: the failure was a mistake.
pub const NOTICES: [&str; 7] = ["QUEUED", "SENT", "CALL_DEAD", "DROPPED", "EXPIRED", "FAILED", "DELIVERED"];

/// Those that are not the end of it: nothing follows.
const UNDER_WAY: [&str; 2] = ["QUEUED", "SENT"];
/// Those that reached nobody.
const UNHEARD: [&str; 3] = ["CALL_DEAD", "EXPIRED", "FAILED"];

/// Why a level is due before its time.
pub(super) const NOTICE_UNHEARD: &str = "NOTICE_UNHEARD";

/// Whether that is the end of a notice, from which something may follow.
pub fn is_final(notice: &str) -> bool {
    !UNDER_WAY.contains(&notice)
}

// === impl Deadline ===

impl Deadline {
    /// Notes what became of the notice of a level, and arms anew. Outcomes come in any order; one that goes back changes nothing, as does one of a
    /// rung that is not there: `None`. Else the rung as it is now.
    pub fn note(&mut self, key: RungKey, notice: &str, now: Timestamp, policies: &Policies) -> Option<Rung> {
        let rank = |notice: Option<&str>| NOTICES.iter().position(|it| Some(*it) == notice);
        let rung = self.rungs.iter_mut().find(|rung| rung.key == key)?;
        if rank(rung.notice.as_deref()) >= rank(Some(notice)) {
            return None;
        }
        (rung.notice, rung.notice_time) = (Some(notice.to_owned()), Some(micros(now)));
        let noted = rung.clone();
        self.touch(now);
        self.rearm(policies);
        Some(noted)
    }
}

// === impl Rung ===

impl Rung {
    /// Since when it is known that its notice reached nobody.
    pub(super) fn unheard_since(&self) -> Option<Timestamp> {
        let is_unheard = self.notice.as_deref().is_some_and(|notice| UNHEARD.contains(&notice));
        self.notice_time.filter(|_| is_unheard && self.state == RungState::Acted)
    }
}
