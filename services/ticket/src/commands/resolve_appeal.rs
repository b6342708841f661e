//! ResolveAppeal: the answer in writing (T16), for a person who was confirmed where the category asks for it (T20).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open, use_up};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Answers an appeal.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::ResolveAppealRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::resolve(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    // Outside the transaction, as an unknown key is asked for; believed or not only inside, as a repetition is answered anyway.
    let checked = app.assertions.check(asked.ask.assertion.as_ref()).await;
    transaction!(app.db, "resolve_appeal", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        stored.appeal.expect(asked.etag.as_deref()).map_err(|refusal| convert::refuse(refusal, asked.appeal))?;
        let assertion = checked.clone().map_err(|why| why.refuse(asked.appeal))?;
        let command = Command::Resolve { assertion: assertion.clone() };
        let decision = decided(&app, &stored.appeal, &command, &by)?;
        use_up(&app, tx, &decision, assertion.as_ref()).await?;
        keep(&app, tx, &stored, &decision, Some(&asked.ask.text)).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
