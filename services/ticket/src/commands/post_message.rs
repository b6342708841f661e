//! PostMessage: the conversation (T10). The first public one of staff is the first answer.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{actor, decided, keep, open};
use crate::app::App;
use crate::domain::{Command, Message};
use crate::grpc::convert::{self, Audience};

/// Posts a message.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::PostMessageRequest) -> Result<wire::Message, Refusal> {
    let asked = convert::post_message(&request, &caller)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    transaction!(app.db, "post_message", |tx| -> Result<wire::Message, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        let command = Command::PostMessage { visibility: asked.ask.visibility, channel: asked.ask.channel };
        let decision = decided(&app, &stored.appeal, &command, &by)?;
        keep(&app, tx, &stored, &decision, Some(&asked.ask.text)).await?;
        let meta = decision.message.ok_or_else(|| Refusal::internal("a posted message has its place"))?;
        let message = Message { meta, text: asked.ask.text.clone() };
        let audience = Audience::of(&caller, &decision.after);
        let answer = convert::message_view(&decision.after, &message, audience)
            .ok_or_else(|| Refusal::internal("who posts a message may read it"))?;
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
