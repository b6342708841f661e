//! AssignAppeal: a member of staff gets an open appeal (T9).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;
use crate::store;

/// Gives an appeal to a member.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::AssignAppealRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::assign(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "assign_appeal", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        stored.appeal.expect(asked.etag.as_deref()).map_err(|refusal| convert::refuse(refusal, asked.appeal))?;
        let member = store::member::get(&mut **tx, &app.ring, &asked.ask).await?;
        let member = member.ok_or_else(|| convert::member_not_found(&asked.ask))?;
        let decision = decided(&app, &stored.appeal, &Command::Assign { member }, &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
