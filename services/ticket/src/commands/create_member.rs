//! CreateMember: somebody works on appeals from now on (T9).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use crate::app::App;
use crate::grpc::convert;
use crate::{routes, store};

/// Registers a member.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::CreateMemberRequest) -> Result<wire::Member, Refusal> {
    let now = app.now();
    let member = convert::create_member(&request, now)?.member;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "create_member", |tx| -> Result<wire::Member, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        if !store::member::insert(tx, &app.ring, &member).await? {
            return Err(convert::member_exists(&member.id));
        }
        app.outbox.enqueue(tx, now, routes::member_calls(&member, 1)).await?;
        let answer = convert::member_view(&member);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
