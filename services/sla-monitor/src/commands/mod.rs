//! What changes something: one file per command, the whole route on one screen.

pub(crate) mod mend_deadline;
pub(crate) mod publish;
pub(crate) mod rebase;
pub(crate) mod record_notice_outcome;
pub(crate) mod stop_deadline;
pub(crate) mod track_deadline;
pub(crate) mod update_deadline;

use ::store::{Tx, transaction};
use outbox::OnceKey;
use proto::sla::v1 as wire;
use rpc::Refusal;
use uuid::Uuid;

use crate::domain::{Deadline, Promise, Told};
use crate::grpc::convert::deadline_to_wire;
use crate::{App, store};

/// Takes a promise over, unless it is older than the one that is known. Track, update and stop are the same here: each carries the whole state.
async fn take_over(
    app: &App,
    name: &'static str,
    key: &OnceKey,
    id: Uuid,
    promise: &Promise,
) -> Result<wire::Deadline, Refusal> {
    if app.policies().pinned(promise).is_none() {
        // Most likely it was published a moment ago, by another replica. One that stays unknown is flagged, and watched all the same.
        app.shelf.refresh().await?;
    }
    let (answer, Told { mismatches, .. }) =
        transaction!(app.db, name, |tx| -> Result<(wire::Deadline, Told), Refusal> {
            if let Some(answer) = app.once.replay_as(tx, key).await? {
                return Ok((answer, Told::default()));
            }
            let (deadline, told) = upsert(app, tx, id, promise).await?;
            store::closing::append(tx, deadline.update_time, &told.tallies).await?;
            note(app, tx, &deadline, &told).await?;
            let answer = deadline_to_wire(&deadline, app.late_after);
            app.once.record(tx, key, &answer).await?;
            Ok((answer, told))
        })?;
    app.metrics.mismatched(&mismatches);
    if !mismatches.is_empty() {
        tracing::warn!(deadline = %id, ?mismatches, "our arithmetic does not confirm the promise, which stands");
    }
    Ok(answer)
}

async fn upsert(app: &App, tx: &mut Tx, id: Uuid, promise: &Promise) -> Result<(Deadline, Told), Refusal> {
    let (now, policies) = (app.db.now(), app.policies());
    let mut known = store::deadline::lock(tx, id).await?;
    if known.is_none() {
        let (deadline, told) = Deadline::track(id, promise.clone(), now, &policies);
        if store::deadline::insert(tx, &deadline).await? {
            return Ok((deadline, told));
        }
        // Another call of the same appeal was faster, and has committed by now.
        known = store::deadline::lock(tx, id).await?;
    }
    let mut deadline = known.ok_or_else(|| Refusal::internal("a deadline was there and is gone"))?;
    let before = deadline.rungs.clone();
    let Some(told) = deadline.revise(promise.clone(), now, &policies) else {
        return Ok((deadline, Told::default()));
    };
    store::deadline::update(tx, &before, &deadline).await?;
    Ok((deadline, told))
}

/// Logs what ended late, and what goes on though it had.
async fn note(app: &App, tx: &mut Tx, deadline: &Deadline, told: &Told) -> Result<(), Refusal> {
    let late = deadline.ended_late(&told.tallies, &app.policies());
    if !late.is_empty() {
        store::breach::append(tx, deadline.update_time, &late).await?;
        app.watches.wake_on_commit(tx, ());
    }
    Ok(())
}
