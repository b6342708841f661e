//! The re-base: goes through the open deadlines and has those promised anew that a set changes. What it is and where it stands is in
//! `domain/rebase.rs`; who decides is the ticket service, by the state that an appeal has when it is asked.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | it dies halfway | the page is looked at again: its calls, its entries and the position are one transaction |
//! | two replicas | one has the row's lock, the other passes |
//! | an appeal changes on the way | the ticket service decides by what is so then, and refuses what has ended; its answer is what the log tells |
//! | the ticket service is away | the calls wait in the outbox, beside those of the appeal's ladder, for a day; no more is asked for meanwhile |
//! | an appeal is promised under the old set while a pass goes by | the next pass finds it |
//! | an administrator has it stopped | what was asked by then is done |
//! | millions are open | a step looks at 500, and asks for no more than a second's worth; the next comes when these have had their time |

use std::sync::Arc;
use std::time::Duration;

use ::store::{Error, Tx, transaction};
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};
use proto::ticket::v1::RebaseAppealResponse;
use uuid::Uuid;

use crate::domain::{Effect, EntryOutcome, RebaseEntry};
use crate::grpc::convert::rebased_clock;
use crate::{App, routes, store};

/// Deadlines that a step looks at: some ten milliseconds of reading.
const PAGE: i64 = 500;

/// Seconds' worth of entries that may be unanswered: with more on its way, the ticket service is behind or away, and the next ones wait.
const PENDING: i64 = 10;

/// How long the ticket service may take: by then its answer would be of another day.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Until the row is looked at again where there is nothing to do.
const IDLE: Duration = Duration::from_secs(1);

/// The loop.
pub(crate) fn rebase_loop(app: &Arc<App>) -> Loop {
    Loop::new("rebase", IDLE, Rebasing(Arc::clone(app)))
}

struct Rebasing(Arc<App>);

#[async_trait]
impl Step for Rebasing {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(match step(&self.0).await? {
            Some(looked) => Stepped::Worked(looked),
            None => Stepped::Idle,
        })
    }
}

/// Goes on by a page; answers how many deadlines it looked at, at least one as a step that ends it counts too. `None`: there was nothing to do.
pub(crate) async fn step(app: &App) -> Result<Option<usize>, Error> {
    let now = app.db.now();
    // Most of the time there is none, and one statement a second tells so.
    let mut db = app.db.pool().acquire().await?;
    let running = store::rebase::running(&mut db).await?;
    drop(db);
    app.metrics.rebasing(running.map(|(_, begun)| now.duration_since(begun)));
    if running.is_none() {
        return Ok(None);
    }
    let (policies, published) = (app.policies(), app.shelf.published());
    transaction!(app.db, "rebase", |tx| -> Result<Option<usize>, Error> {
        let Some(mut rebase) = store::rebase::next(tx, now).await? else { return Ok(None) };
        let Some(set) = published.by_hash(&rebase.policy_hash) else {
            // Published by a replica that is newer, or looked at a moment before this one: whoever knows it goes on.
            return Ok(None);
        };
        if store::rebase::has_pending(tx, rebase.id, PENDING * i64::from(rebase.per_second)).await? {
            rebase.wait(now);
            store::rebase::record(tx, &rebase).await?;
            return Ok(None);
        }
        let page = store::rebase::page(tx, rebase.position, PAGE).await?;
        let ids: Vec<Uuid> = page.iter().map(|(id, _)| *id).collect();
        let entered = store::rebase::entered(tx, rebase.id, &ids).await?;
        let until = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        let is_last = (page.len() as i64) < PAGE;
        let (mut last, mut looked, mut entries, mut calls) = (None, 0, Vec::new(), Vec::new());
        for (id, read) in page {
            if calls.len() >= rebase.per_second as usize {
                break;
            }
            (last, looked) = (Some(id), looked + 1);
            let deadline = match read {
                Ok(deadline) => deadline,
                Err(fault) => {
                    tracing::error!(deadline = %id, %fault, "a deadline can't be read, and is not promised anew");
                    continue;
                }
            };
            let effects = policies.effects(&deadline.promise, set);
            let is_unchanged = effects.iter().all(|(_, effect)| matches!(effect, Effect::Unchanged));
            if is_unchanged || entered.contains(&id) {
                continue;
            }
            let entry = |kind| RebaseEntry {
                deadline: id,
                clock: kind,
                old_due_time: deadline.promise.clock(kind).and_then(|clock| clock.running_due_time()),
                due_time: None,
                outcome: EntryOutcome::Pending,
                reason: None,
                ask_time: now,
                settle_time: None,
            };
            entries.extend(effects.iter().map(|(kind, _)| entry(*kind)));
            calls.push(routes::rebase(rebase.id, id, &rebase.policy_hash, until));
        }
        let asked = calls.len() as i64;
        // A page that was broken off is not the last.
        let ends = is_last && asked < i64::from(rebase.per_second);
        store::rebase::enter(tx, rebase.id, &entries, now).await?;
        app.outbox.enqueue(tx, now, calls).await?;
        let is_pending = ends && store::rebase::has_pending(tx, rebase.id, 1).await?;
        rebase.go_on(last.filter(|_| !ends), looked, asked, is_pending, now);
        store::rebase::record(tx, &rebase).await?;
        Ok(Some(usize::try_from(looked).unwrap_or_default().max(1)))
    })
}

/// What the ticket service answered.
pub(crate) enum Answer {
    /// It did it: these were its clocks.
    Done(RebaseAppealResponse),
    /// It did not.
    Refused(String),
}

/// Enters what the ticket service answered for the clocks of a deadline.
pub(crate) async fn settle(app: &App, tx: &mut Tx, rebase: Uuid, deadline: Uuid, answer: &Answer) -> Result<(), Error> {
    let now = app.db.now();
    for mut entry in store::rebase::entries_of(tx, rebase, deadline).await? {
        entry.settle_time = Some(now);
        (entry.outcome, entry.reason) = match answer {
            Answer::Refused(reason) => (EntryOutcome::Refused, Some(reason.clone())),
            Answer::Done(answer) => match rebased_clock(answer, entry.clock) {
                Some((old, new)) => {
                    (entry.old_due_time, entry.due_time) = (old, new);
                    (EntryOutcome::Rebased, None)
                }
                None => (EntryOutcome::Unchanged, None),
            },
        };
        store::rebase::settle(tx, rebase, &entry).await?;
    }
    Ok(())
}
