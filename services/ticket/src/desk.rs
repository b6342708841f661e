//! The desk where forms are handed in: filings that come at the same time are written by one statement and share its commit.
//!
//! ```text
//!   FileAppeal --> draft: number, due time, answer, calls, all sealed --> desk --> one statement for all who wait --> each its own answer
//!                                                                          |
//!                                     the group failed (whatever it was) --+--> the same statement, for this one alone
//! ```
//!
//! Failure handling: a group may fail for one filing's sake (its number is taken), for the database's, or with an unknown outcome (the
//! connection went while it committed). Each filing is then written alone, and hears its own refusal. That is safe after any end of the
//! group, because the statement leaves out a request that was noted before.

use std::collections::HashSet;
use std::sync::Arc;

use ::store::{Db, GroupCommit, Lines, transaction};
use outbox::Outbox;

use crate::store::filing::{self, Filing};

/// Groups at once. One statement fills a core of Postgres; the second group is being made meanwhile.
const PLACES: usize = 2;
/// Filings in one statement: beyond some hundred rows a larger one is no faster, and whoever came first waits for the last.
const MOST: usize = 64;

/// Writes filings.
#[derive(Debug)]
pub struct Desk {
    db: Db,
    outbox: Outbox,
    group: GroupCommit<Arc<Filing>, bool>,
}

// === impl Desk ===

impl Desk {
    /// A desk for this schema.
    pub fn new(db: Db, outbox: Outbox) -> Self {
        let group = GroupCommit::new(PLACES, MOST, {
            let (db, lines) = (db.clone(), Arc::new(Lines::of(&db)));
            move |filings| {
                let (db, lines) = (db.clone(), Arc::clone(&lines));
                async move { together(&db, &lines, &filings).await.inspect_err(said).ok() }
            }
        });
        Self { db, outbox, group }
    }

    /// Writes a filing; `false` when its request was noted before, and then nothing is written.
    ///
    /// # Errors
    /// Those of [`filing::insert`] for this filing alone.
    pub async fn file(&self, filing: Filing) -> Result<bool, store::Error> {
        let filing = Arc::new(filing);
        let filed = match self.group.join(Arc::clone(&filing)).await {
            Some(filed) => filed,
            None => transaction!(self.db, "file_appeal", |tx| -> Result<bool, store::Error> {
                Ok(!filing::insert(&mut *tx, &[&filing]).await?.is_empty())
            })?,
        };
        if filed {
            self.outbox.written(filing.calls());
        }
        Ok(filed)
    }
}

/// Writes those of the filings whose request is not noted yet; answers for each whether it was. Of two with the same request the first one
/// counts, as if the other had come a moment later.
async fn together(db: &Db, lines: &Lines, filings: &[Arc<Filing>]) -> Result<Vec<bool>, store::Error> {
    let mut requests = HashSet::new();
    let one_by_one = filings.iter().map(|it| &**it);
    let firsts: Vec<&Filing> =
        one_by_one.filter(|it| requests.insert((it.noted().caller.as_str(), it.noted().request_id))).collect();
    let statement = async {
        let mut line = lines.take().await?;
        let filed = filing::insert(&mut line, &firsts).await?;
        lines.keep(line);
        Ok(filed)
    };
    let filed: HashSet<_> = db.statement("file_appeal", statement).await?.into_iter().collect();
    Ok(filings.iter().map(|it| filed.contains(&it.id())).collect())
}

fn said(error: &store::Error) {
    tracing::info!(%error, "filings could not be written together; each is written alone");
}
