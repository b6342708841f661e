//! Forgetting what is too old: figures and entries of the log of breaches, in batches that hold their locks for milliseconds.
//!
//! By rows and not by dropping partitions: both tables are read by a key that no partition by time could hold, and a day's rows are few beside those of
//! the outbox, which is purged the same way.

use std::sync::Arc;
use std::time::Duration;

use ::store::Error;
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};

use crate::{App, store};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(60);
/// Rows of one batch: some ten milliseconds.
const BATCH: i64 = 1_000;

/// The loop that forgets.
pub(crate) fn purge_loop(app: &Arc<App>) -> Loop {
    Loop::new("purge-figures", EVERY, Purge(Arc::clone(app)))
}

struct Purge(Arc<App>);

#[async_trait]
impl Step for Purge {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::worked(purge(&self.0).await?))
    }
}

/// Forgets a batch of each; answers how many rows.
pub(crate) async fn purge(app: &App) -> Result<usize, Error> {
    let foreign = store::breach::put_foreign_first(app.db.pool(), BATCH).await?;
    if foreign > 0 {
        tracing::warn!(
            foreign,
            "the log of breaches has entries of another cluster, as after a restored dump: all are put first, and those who watch begin anew"
        );
    }
    let before = |keep| app.db.now().saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let sums = before(SignedDuration::from_hours(24 * i64::from(app.figures.keep_days)));
    let breaches = before(app.keep_breaches);
    let gone = store::rollup::purge(app.db.pool(), sums, BATCH).await?
        + store::breach::purge(app.db.pool(), breaches, BATCH).await?;
    Ok(usize::try_from(gone + foreign).unwrap_or(usize::MAX))
}
