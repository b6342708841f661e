//! SetDuty: a member begins or ends work; members for themselves, supervisors and administrators for anybody.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal, Role};

use crate::app::App;
use crate::grpc::convert;
use crate::store;

/// Begins or ends a duty.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::SetDutyRequest) -> Result<wire::Member, Refusal> {
    let asked = convert::set_duty(&request)?;
    let keeps_staff = caller.is(Role::Supervisor) || caller.is(Role::Administrator);
    if !keeps_staff && caller.staff() != Some(&asked.id) {
        return Err(convert::not_yours());
    }
    let key = app.once.key(caller.key(), &request)?;
    let now = app.now();
    transaction!(app.db, "set_duty", |tx| -> Result<wire::Member, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let found = store::member::lock(tx, &app.ring, &asked.id).await?;
        let (mut member, revision) = found.ok_or_else(|| convert::member_not_found(&asked.id))?;
        member.on_duty = asked.on_duty;
        member.update_time = now;
        // Where a member is told does not change with their duty, so notification need not hear of it.
        store::member::save(tx, &app.ring, &member, revision).await?;
        let answer = convert::member_view(&member);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
