use jiff::Timestamp;

use crate::Clock;

/// The machine's own clock: the only place of the workspace that reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one door through which the machine's time enters")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
