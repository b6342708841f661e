//! What commands and queries work with.

use std::sync::Arc;

use jiff::Timestamp;
use outbox::{Once, Outbox};
use policies::Shelf;
use rpc::pages::Tokens;
use sealed::Ring;
use store::Db;
use tokio_util::sync::CancellationToken;

use crate::assertions::{Assertions, KeySource};
use crate::config::Config;
use crate::desk::Desk;
use crate::domain::{Advices, Catalogue, Rules};
use crate::watches::{self, Watches};

/// Everything that a command or query needs, made once at the start.
#[derive(Debug)]
pub struct App {
    /// The schema.
    pub db: Db,
    /// What personal data is sealed under.
    pub ring: Ring,
    /// Where calls on other services are written.
    pub outbox: Outbox,
    /// What makes commands repeatable.
    pub once: Once,
    /// Where filings are written.
    pub desk: Desk,
    /// Makes and opens page tokens.
    pub pages: Tokens,
    /// Categories (T6).
    pub catalogue: Catalogue,
    /// What the applicant should do next (T12).
    pub advices: &'static Advices,
    /// The sets of policies known here (L1).
    pub shelf: Arc<Shelf>,
    /// Working days after the resolution in which an appeal may be reopened.
    pub reopen_days: u16,
    /// The calendar that counts them.
    pub reopen_calendar: String,
    /// Checks assertions of identity verification (T20).
    pub assertions: Arc<Assertions>,
    /// Who watches which appeal.
    pub watches: Watches,
}

// === impl App ===

impl App {
    /// What the service works with, over its schema and its key ring. `outbox` is the one that the relay's loops wait on; `closing`
    /// ends what would never end by itself.
    ///
    /// # Errors
    /// The configured catalogue can't be read.
    pub fn new(
        db: Db,
        ring: Ring,
        outbox: Outbox,
        keys: Arc<dyn KeySource>,
        config: &Config,
        closing: CancellationToken,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            desk: Desk::new(db.clone(), outbox.clone()),
            outbox,
            once: Once::new(ring.clone(), db.clock().clone()),
            pages: Tokens::new(&ring.subkey("page-tokens")),
            catalogue: config.appeals.catalogue()?,
            advices: Advices::builtin(),
            shelf: Arc::new(Shelf::new(db.clone())),
            reopen_days: config.appeals.reopen_within_working_days,
            reopen_calendar: config.appeals.reopen_calendar.clone(),
            assertions: Arc::new(Assertions::new(db.clone(), keys)),
            watches: Watches::new(config.watch.clone(), closing, watches::ended),
            db,
            ring,
        })
    }

    /// Now, cut to the microseconds that Postgres keeps: what is answered at once and what is read later are the same instant.
    pub fn now(&self) -> Timestamp {
        micros(self.db.now())
    }

    /// What decisions need besides the appeal.
    pub fn rules(&self) -> Rules<'_> {
        let published = self.shelf.published();
        Rules { published, reopen_days: self.reopen_days, reopen_calendar: &self.reopen_calendar }
    }
}

/// The instant without what is smaller than a microsecond.
pub fn micros(time: Timestamp) -> Timestamp {
    // Every instant has its microsecond, so the other branch is never taken.
    Timestamp::from_microsecond(time.as_nanosecond().div_euclid(1_000).try_into().unwrap_or_default()).unwrap_or(time)
}
