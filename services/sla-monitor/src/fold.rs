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

use crate::{App, domain, store};

/// The loop that folds.
pub(crate) fn fold_loop(app: &Arc<App>, idle: Duration) -> Loop {
    Loop::new("fold", idle, Fold(Arc::clone(app)))
}

struct Fold(Arc<App>);

#[async_trait]
impl Step for Fold {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::taken(fold(&self.0).await?, self.0.figures.batch as usize))
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
