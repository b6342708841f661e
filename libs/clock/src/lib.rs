//! Where time comes from.
//!
//! Everything that asks for the time asks a [`Clock`]; the workspace's lints forbid the usual ways around it. So a test turns
//! time by hand, a demonstration runs it fast, and two replicas whose machines disagree still agree with the database.
//!
//! ```text
//! production   CorrectedClock(SystemClock)            offset learnt from Postgres at start and every 10 s
//! fast run     CorrectedClock(ScaledClock(SystemClock))
//! tests        ManualClock, or CorrectedClock(OffsetClock(ManualClock)) for a machine that runs 60 s wrong
//! ```
//!
//! Clocks are cheap to clone and clones agree: they share the hand or the offset.

mod corrected;
mod manual;
mod offset;
mod scaled;
mod system;

use std::{fmt::Debug, sync::Arc};

use jiff::Timestamp;

pub use corrected::CorrectedClock;
pub use manual::ManualClock;
pub use offset::OffsetClock;
pub use scaled::ScaledClock;
pub use system::SystemClock;

/// A source of the present instant.
pub trait Clock: Send + Sync + Debug + 'static {
    /// The present instant by this clock. Two calls in a row may go back (an operator sets the machine's time, a correction
    /// is learnt), so a difference of two readings is not a measured duration.
    fn now(&self) -> Timestamp;
}

/// A clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// Adds and stops at the ends of the calendar (years -9999 and 9999) instead of failing: a clock always has an answer.
fn shifted(instant: Timestamp, by: jiff::SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    instant.checked_add(by).unwrap_or(end)
}
