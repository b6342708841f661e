//! RebaseAppeal: a change of policies or calendars is applied to what was promised before it.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Promises it under another set.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::RebaseAppealRequest,
) -> Result<wire::RebaseAppealResponse, Refusal> {
    let asked = convert::rebase(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "rebase_appeal", |tx| -> Result<wire::RebaseAppealResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let decision = decided(&app, &stored.appeal, &Command::Rebase { set: asked.ask.clone() }, &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = convert::rebased(&decision.events);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
