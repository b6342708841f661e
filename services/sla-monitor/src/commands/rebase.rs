//! StartRebase and StopRebase. What follows is the loop's.

use std::sync::Arc;

use ::store::transaction;
use proto::sla::v1::{ErrorReason, Rebase as Shown, StartRebaseRequest, StopRebaseRequest};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::domain::{Rebase, RebaseState, RebaseTally, micros};
use crate::grpc::convert::{no_rebase, not_in_force, rebase_to_wire, start_rebase, stop_rebase, under_way};
use crate::{App, store};

pub(crate) async fn start(app: Arc<App>, caller: Caller, request: StartRebaseRequest) -> Result<Shown, Refusal> {
    let asked = start_rebase(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    app.shelf.refresh().await?;
    let (now, published) = (micros(app.db.now()), app.shelf.published());
    let in_force = published.in_force(now);
    let known = published.sets().any(|set| set.version() == asked.policy_version);
    let answer = transaction!(app.db, "start_rebase", |tx| -> Result<Shown, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        if !known {
            let name = request.policy_set.as_str();
            return Err(Refusal::not_found(ErrorReason::PolicySetNotFound, "otklik.sla.v1.PolicySet", name));
        }
        if in_force.version() != asked.policy_version {
            return Err(not_in_force(asked.policy_version));
        }
        let rebase = Rebase {
            id: Uuid::new_v4(),
            policy_version: asked.policy_version.into(),
            policy_hash: in_force.content_hash().to_string(),
            state: RebaseState::Running,
            per_second: asked.per_second,
            note: asked.note.clone(),
            author: caller.subject.clone(),
            create_time: now,
            end_time: None,
            position: Uuid::nil(),
            next_time: now,
            pass_time: now,
            looked: 0,
            pass_asked: 0,
            asked: 0,
        };
        if !store::rebase::insert(tx, &rebase).await? {
            return Err(under_way(store::rebase::running(tx).await?.map(|(id, _)| id)));
        }
        let answer = rebase_to_wire(&rebase, &RebaseTally::default());
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })?;
    tracing::info!(rebase = answer.name, set = answer.policy_set, author = answer.author, "a re-base begins");
    Ok(answer)
}

pub(crate) async fn stop(app: Arc<App>, caller: Caller, request: StopRebaseRequest) -> Result<Shown, Refusal> {
    let id = stop_rebase(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let now = micros(app.db.now());
    let answer = transaction!(app.db, "stop_rebase", |tx| -> Result<Shown, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        store::rebase::stop(tx, id, now).await?;
        let Some(rebase) = store::rebase::get(tx, id).await? else { return Err(no_rebase(&request.name)) };
        // Its entries are counted by GetRebase alone: with millions of them a stop must not wait for that.
        let answer = rebase_to_wire(&rebase, &RebaseTally::default());
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })?;
    tracing::info!(rebase = answer.name, by = caller.subject, "a re-base was asked to stop");
    Ok(answer)
}
