//! RecordDeadlineOutcome: what the SLA monitor did about a clock. Only appends, in any state.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records it.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::RecordDeadlineOutcomeRequest,
) -> Result<wire::RecordDeadlineOutcomeResponse, Refusal> {
    let asked = convert::record_deadline(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "record_deadline_outcome", |tx| -> Result<wire::RecordDeadlineOutcomeResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let decision = decided(&app, &stored.appeal, &Command::RecordDeadline(asked.ask.clone()), &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = wire::RecordDeadlineOutcomeResponse {};
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
