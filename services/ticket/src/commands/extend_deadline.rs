//! ExtendDeadline: more time for the answer (L4), once the citizen knows of it.
//!
//! Here it is only proposed, together with the notice; the outcome of that notice decides (`domain/extension.rs`).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Proposes an extension.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::ExtendDeadlineRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::extend(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "extend_deadline", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        stored.appeal.expect(asked.etag.as_deref()).map_err(|refusal| convert::refuse(refusal, asked.appeal))?;
        let decision = decided(&app, &stored.appeal, &Command::Extend(asked.ask), &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
