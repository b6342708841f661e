//! The fold: sums closings up, so that a report reads sums and never counts appeals (L9).
//!
//! ```text
//!  take-over: a clock is over ──► closing ──fold: out of it, into the sums, one transaction──► rollup ──► GetReport
//!             it runs again   ──► closing, taken back
//! ```
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | it dies halfway | nothing happened: what was taken out is there again |
//! | two replicas fold | each takes what the other does not hold; they meet in the same sums, in one order, and wait for each other there |
//! | a taking back is folded before what it takes back | the sum is below zero until then, and is shown as zero |
//! | a closing can't be read, say a newer version wrote it | this replica folds nothing and tells so; a newer one does it; `otklik_sla_fold_lag_seconds` grows until then |
//! | it is late | reports say until when they are complete |
//!
//! What it costs: one row per change of a clock's end, written and deleted, and about one sum for each closing where the cells are many and
//! the hours quiet. With 10,000 appeals a day that is at most 20,000 sums of some 80 bytes; a report over a month reads 600,000 of
//! them at most, one over 400 days 8 million. It ends with UNAVAILABLE where that takes longer than `database.statement_timeout_ms`.

use std::sync::Arc;
use std::time::Duration;

use ::store::{Error, transaction};
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};

use crate::{App, domain, store};

/// Between two looks at what is too old to be kept.
const PURGE: Duration = Duration::from_secs(60);
/// Rows of one batch of the purge: some ten milliseconds.
const PURGE_BATCH: i64 = 1_000;

/// The loop that folds.
pub(crate) fn fold_loop(app: &Arc<App>, idle: Duration) -> Loop {
    Loop::new("fold", idle, Fold(Arc::clone(app)))
}

/// The loop that forgets old figures.
pub(crate) fn purge_loop(app: &Arc<App>) -> Loop {
    Loop::new("purge-figures", PURGE, Purge(Arc::clone(app)))
}

struct Fold(Arc<App>);
struct Purge(Arc<App>);

#[async_trait]
impl Step for Fold {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::taken(fold(&self.0).await?, self.0.figures.batch as usize))
    }
}

#[async_trait]
impl Step for Purge {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::worked(purge(&self.0).await?))
    }
}

/// Folds at most one batch; answers how many closings there were.
pub(crate) async fn fold(app: &App) -> Result<usize, Error> {
    transaction!(app.db, "fold", |tx| -> Result<usize, Error> {
        let tallies = store::closing::take(tx, app.figures.batch).await?;
        if !tallies.is_empty() {
            store::rollup::add(tx, &domain::fold(&tallies)).await?;
        }
        Ok(tallies.len())
    })
}

/// Forgets sums that are too old; answers how many rows.
pub(crate) async fn purge(app: &App) -> Result<usize, Error> {
    let keep = SignedDuration::from_hours(24 * i64::from(app.figures.keep_days));
    let before = app.db.now().saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let gone = store::rollup::purge(app.db.pool(), before, PURGE_BATCH).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}
