//! AcknowledgeEscalation: whoever got it by escalation has seen it. The SLA monitor hears of it, and hands it on no earlier than
//! at the end of their term.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records that an escalation was seen.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::AcknowledgeEscalationRequest,
) -> Result<wire::Appeal, Refusal> {
    let asked = convert::acknowledge(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "acknowledge_escalation", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let decision = decided(&app, &stored.appeal, &Command::AcknowledgeEscalation, &by)?;
        keep(&app, tx, &stored, &decision, None).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
