//! The copy in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::store::{Db, Error};
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use deadline::Published;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::store;

/// Between two looks for what another replica wrote: that long a replica may promise under the set before.
const EVERY: Duration = Duration::from_secs(5);

/// Every set that this replica knows.
#[derive(Debug)]
pub struct Shelf {
    db: Db,
    known: RwLock<Known>,
    version: Gauge,
    unreadable: Gauge,
}

#[derive(Debug)]
struct Known {
    published: Arc<Published>,
    /// The versions that were looked at, readable or not.
    seen: BTreeSet<u32>,
}

struct Refresh(Arc<Shelf>);

/// The loop that looks for what another replica wrote.
pub fn refresh_loop(shelf: &Arc<Shelf>) -> Loop {
    Loop::new("policy_sets", EVERY, Refresh(Arc::clone(shelf)))
}

#[async_trait]
impl Step for Refresh {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let found = self.0.refresh().await?;
        Ok(if found == 0 { Stepped::Idle } else { Stepped::Finished(found) })
    }
}

// === impl Shelf ===

impl Shelf {
    /// What is compiled in, until the first [`Shelf::refresh`].
    pub fn new(db: Db) -> Self {
        let known = Known { published: Arc::new(Published::shipped()), seen: BTreeSet::new() };
        Self { db, known: RwLock::new(known), version: Gauge::default(), unreadable: Gauge::default() }
    }

    /// Registers what it tells about itself.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "otklik_policy_sets_version",
            "The newest published set of policies that this replica knows; 0 while only the one compiled in is",
            self.version.clone(),
        );
        registry.register(
            "otklik_policy_sets_unreadable",
            "Published sets of policies that this program can't read, such as those of a newer one",
            self.unreadable.clone(),
        );
    }

    /// Every set that is known now.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner).published)
    }

    /// The highest version that was published, also where this program can't read it; 0 before any.
    pub fn highest_version(&self) -> u32 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).seen.last().copied().unwrap_or_default()
    }

    /// Takes over what was published since; answers how many sets that is.
    ///
    /// # Errors
    /// Those of any statement; what is known stays.
    pub async fn refresh(&self) -> Result<usize, Error> {
        let seen: Vec<i64> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.seen.iter().copied().map(i64::from).collect()
        };
        let more = store::besides(self.db.pool(), &seen).await?;
        if more.is_empty() {
            return Ok(0);
        }
        // Read before the lock is taken: whoever promises something meanwhile does not wait for it.
        let mut more: Vec<_> = more.into_iter().map(|it| (it.version, it.effective_time, it.set())).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Two refreshes at once find the same ones.
        more.retain(|(version, ..)| known.seen.insert(*version));
        let found = more.len();
        let mut readable = Vec::with_capacity(found);
        for (version, effective_time, set) in more {
            match set {
                Ok(set) => readable.push((set, effective_time)),
                Err(fault) => {
                    tracing::error!(version, %fault, "a published set of policies can't be read");
                    self.unreadable.inc();
                }
            }
        }
        known.published = Arc::new((*known.published).clone().with(readable));
        self.version.set(known.published.latest_version().into());
        Ok(found)
    }
}
