//! RecordOtherBodyAnswer: the other body answered, or is waited for no longer (L5).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records what came of asking another body.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::RecordOtherBodyAnswerRequest,
) -> Result<wire::Appeal, Refusal> {
    let asked = convert::record_other_body_answer(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "record_other_body_answer", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        stored.appeal.expect(asked.etag.as_deref()).map_err(|refusal| convert::refuse(refusal, asked.appeal))?;
        let command = Command::RecordBodyAnswer { outcome: asked.ask.outcome };
        let decision = decided(&app, &stored.appeal, &command, &by)?;
        keep(&app, tx, &stored, &decision, Some(&asked.ask.text)).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
