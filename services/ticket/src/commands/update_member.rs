//! UpdateMember: what is known of a member changes. Appeals already assigned stay where they are.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use crate::app::App;
use crate::grpc::convert;
use crate::{routes, store};

/// Changes a member.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::UpdateMemberRequest) -> Result<wire::Member, Refusal> {
    let asked = convert::update_member(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let now = app.now();
    transaction!(app.db, "update_member", |tx| -> Result<wire::Member, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let found = store::member::lock(tx, &app.ring, &asked.id).await?;
        let (member, revision) = found.ok_or_else(|| convert::member_not_found(&asked.id))?;
        let member = member.changed(asked.change.clone(), now);
        store::member::save(tx, &app.ring, &member, revision + 1).await?;
        app.outbox.enqueue(tx, now, routes::member_calls(&member, revision + 1)).await?;
        let answer = convert::member_view(&member);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
