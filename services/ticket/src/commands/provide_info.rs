//! ProvideInfo: what the applicant was asked for; the clocks run on with later due times (L8).

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep, open, use_up};
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Brings what was asked for.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::ProvideInfoRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::provide_info(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    // Outside the transaction, as an unknown key is asked for; believed or not only inside, as a repetition is answered anyway.
    let checked = app.assertions.check(asked.ask.assertion.as_ref()).await;
    transaction!(app.db, "provide_info", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let assertion = checked.clone().map_err(|why| why.refuse(asked.appeal))?;
        let text = asked.ask.text.as_ref();
        let command = Command::ProvideInfo { text: text.is_some(), assertion: assertion.clone() };
        let decision = decided(&app, &stored.appeal, &command, &by)?;
        use_up(&app, tx, &decision, assertion.as_ref()).await?;
        keep(&app, tx, &stored, &decision, text).await?;
        let answer = answer(&app, tx, &caller, &stored, &decision.after).await?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
