//! EscalateAppeal: an overdue appeal goes up (L7), to the member of that level with the least load or to that level's queue.
//!
//! The SLA monitor's call may come late, twice, or after the appeal moved on: under the row's lock it is decided whether the clock still runs
//! in that epoch. The OK is what releases the repeat notice to the citizen, so a level that acted already answers OK too.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open};
use crate::app::{App, micros};
use crate::domain::{Command, Escalate};
use crate::grpc::convert;
use crate::store;

/// Hands an appeal up.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::EscalateAppealRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::escalate(&request, &caller)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    let ask = Escalate { level_due_time: asked.ask.level_due_time.map(micros), ..asked.ask };
    transaction!(app.db, "escalate_appeal", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let appeal = &stored.appeal;
        let candidates = store::member::candidates(tx, &app.ring, &appeal.group, appeal.assignee.as_deref()).await?;
        let decision = decided(&app, appeal, &Command::Escalate { ask: ask.clone(), candidates }, &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
