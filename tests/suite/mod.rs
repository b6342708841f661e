//! The four services in one process in stepped mode: real gRPC on loopback, a real Postgres, one clock that the test
//! turns, and loops that move only when the test says so.
//!
//! ```text
//!  let suite = Suite::start().await;          everything is built as production builds it; no loop runs
//!  suite.ticket("portal").file_appeal(..)     a call by somebody
//!  suite.settle().await                       every loop of every service until nothing is due
//!  suite.advance(hours(25)).await             the clock is turned, then settled
//! ```

mod access;
mod audit;
mod boot;
mod clients;
mod faults;
pub mod forms;
mod policies;
mod ports;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

use clock::{Clock, ManualClock, SharedClock};
use devpg::TestDatabase;
use jiff::{SignedDuration, Timestamp};
use testkit::mailbox::Mailbox;
use testkit::smsc::Smsc;
use tokio::sync::Mutex;

pub use self::access::Access;
pub use self::audit::Audit;
pub use self::boot::Replica;
pub use self::clients::{As, Bearer};
pub use self::faults::Faults;
pub use self::policies::other_resolutions;
pub use self::ports::free_ports;
pub use all_in_one::Part;

/// What differs from the usual suite.
#[derive(Debug, Default)]
pub struct SuiteOptions {
    /// Where the clock starts; a Wednesday, 12:00 in Moscow, unless said otherwise.
    pub start: Option<Timestamp>,
    /// Services not to start.
    pub without: Vec<Part>,
    /// Further configuration, as `(part, key, value)`.
    pub presets: Vec<(Part, &'static str, toml::Value)>,
}

/// The suite.
pub struct Suite {
    /// The hand of everybody's clock.
    pub hand: ManualClock,
    /// Who signs tokens.
    pub access: Access,
    /// What is done to calls between services.
    pub faults: Faults,
    /// The operator's end of SMS.
    pub smsc: Smsc,
    /// The mail server.
    pub mailbox: Mailbox,
    pub(crate) database: TestDatabase,
    pub(crate) ring: sealed::Ring,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) places: BTreeMap<&'static str, ports::Held>,
    pub(crate) replicas: Mutex<Vec<Arc<Replica>>>,
    pub(crate) presets: Vec<(Part, &'static str, toml::Value)>,
}

// === impl Suite ===

impl Suite {
    /// All four services.
    pub async fn start() -> Self {
        Self::with(SuiteOptions::default()).await
    }

    /// The clock that services are given.
    pub fn clock(&self) -> SharedClock {
        Arc::new(self.hand.clone())
    }

    /// Now, everywhere.
    pub fn now(&self) -> Timestamp {
        self.hand.now()
    }

    /// Turns the clock, then lets everything that is due happen.
    pub async fn advance(&self, by: SignedDuration) {
        self.hand.advance(by);
        self.settle().await;
    }

    /// Turns the clock to an instant in steps of at most `step`, settling after each: what happens on the way happens on time.
    pub async fn live_until(&self, then: Timestamp, step: SignedDuration) {
        while self.now() < then {
            let next = (self.now() + step).min(then);
            self.hand.set(next);
            self.settle().await;
        }
    }

    /// The id of the key that everything is sealed under.
    pub fn active_key(&self) -> String {
        self.ring.active_id().to_string()
    }

    /// The superuser's URL of the test's database.
    pub fn admin_url(&self) -> String {
        self.database.admin_url()
    }
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suite").field("now", &self.now()).finish_non_exhaustive()
    }
}
