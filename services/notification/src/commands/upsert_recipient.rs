//! UpsertRecipient.

use std::sync::Arc;

use ::store::transaction;
use proto::notification::v1::{self as wire, ErrorReason, UpsertRecipientRequest};
use rpc::{Caller, Refusal};

use crate::grpc::convert::{recipient_to_wire, upsert_recipient};
use crate::{App, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: UpsertRecipientRequest,
) -> Result<wire::Recipient, Refusal> {
    let now = app.clock.now();
    let recipient = upsert_recipient(&request, now)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "upsert_recipient", |tx| -> Result<wire::Recipient, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let owner = store::recipient::upsert(tx, &app.ring, caller.key(), &recipient).await?;
        if owner != caller.key() {
            let subject = format!("recipients/{}", recipient.id);
            return Err(Refusal::precondition(ErrorReason::RecipientOwned, subject, "another service owns it"));
        }
        let known = store::recipient::get(tx, &app.ring, &recipient.id).await?;
        let answer = recipient_to_wire(known.as_ref().unwrap_or(&recipient));
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
