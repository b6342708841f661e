//! RequeueCall and DropCall: what an operator may do to a dead call.

use super::{App, convert};
use crate::MAX_AGE;
use crate::store::list::Shown;
use crate::store::operate;
use proto::outbox::v1::{Call, DropCallRequest, ErrorReason, RequeueCallRequest};
use rpc::{Caller, Refusal};
use std::sync::Arc;
use store::{Tx, transaction};
use uuid::Uuid;

/// One more try. The call keeps its id, so a receiver that did apply it answers as it did then.
pub(super) async fn requeue(app: Arc<App>, caller: Caller, request: RequeueCallRequest) -> Result<Call, Refusal> {
    let call_id = convert::id_of(&request.name)?;
    let key = app.once.key(caller.key(), &request)?;
    let now = app.db.now();
    transaction!(app.db, "requeue_call", |tx| {
        if let Some(before) = app.once.replay_as(tx, &key).await? {
            return Ok(before);
        }
        let call = lock_dead(tx, call_id).await?;
        if now.duration_since(call.create_time.to_jiff()) >= MAX_AGE {
            let text = "older than 25 days: its receiver may have forgotten it; it can only be dropped";
            return Err(Refusal::precondition(ErrorReason::CallTooOld, convert::name_of(call_id), text));
        }
        if call.expire_time.is_some_and(|end| end.to_jiff() <= now) {
            let text = "its own time has passed: it makes no sense any more, and its request is erased; it can only be dropped";
            return Err(Refusal::precondition(ErrorReason::CallExpired, convert::name_of(call_id), text));
        }
        let call = operate::requeue(tx, call_id, now).await?;
        if let Some(wake) = app.outbox.known_wake(&call.destination) {
            tx.wake_on_commit(&wake);
        }
        let call = convert::to_call(call);
        app.once.record(tx, &key, &call).await?;
        Ok(call)
    })
}

/// No more tries.
pub(super) async fn give_up(app: Arc<App>, caller: Caller, request: DropCallRequest) -> Result<Call, Refusal> {
    let call_id = convert::id_of(&request.name)?;
    let key = app.once.key(caller.key(), &request)?;
    let now = app.db.now();
    transaction!(app.db, "drop_call", |tx| {
        if let Some(before) = app.once.replay_as(tx, &key).await? {
            return Ok(before);
        }
        lock_dead(tx, call_id).await?;
        let call = convert::to_call(operate::give_up(tx, call_id, now).await?);
        app.once.record(tx, &key, &call).await?;
        Ok(call)
    })
}

async fn lock_dead(tx: &mut Tx, call_id: Uuid) -> Result<Shown, Refusal> {
    let name = convert::name_of(call_id);
    let call = operate::lock(tx, call_id).await?;
    let call = call.ok_or_else(|| Refusal::not_found(ErrorReason::CallNotFound, "otklik.outbox.v1.Call", &name))?;
    if call.state != "dead" {
        return Err(Refusal::precondition(
            ErrorReason::CallNotDead,
            name,
            "only a dead call can be requeued or dropped",
        ));
    }
    Ok(call)
}
