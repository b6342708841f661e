//! ConfirmCode. A wrong code is no error of the transaction: the try must be kept, so it commits and the refusal comes out of what was
//! committed. Repeating the request then tells the same verdict and counts nothing.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{self as wire, ConfirmCodeRequest, verification::State};
use rpc::{Caller, Refusal};

use super::lock;
use crate::domain;
use crate::grpc::convert::{confirm_code, refusal, verification_to_wire};
use crate::{App, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: ConfirmCodeRequest,
) -> Result<wire::Verification, Refusal> {
    let now = app.clock.now();
    let asked = confirm_code(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let settled = transaction!(app.db, "confirm_code", |tx| -> Result<wire::Verification, Refusal> {
        let mut it = lock(tx, &caller, asked.id).await?;
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let code = app.codes.code(it.id, it.generation, app.rules.digits_for(&it.action));
        // The verdict is in the state and the tries left, which are told below.
        it.attempt(code.is(asked.code.expose()), now, &app.rules).map_err(|why| refusal(why, it.id, now))?;
        store::verification::update(tx, &it).await?;
        let answer = verification_to_wire(&it, &app, now);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })?;
    match settled.state() {
        State::Confirmed => Ok(settled),
        State::Failed => Err(refusal(domain::Refusal::AttemptsExhausted, asked.id, now)),
        _ => Err(refusal(domain::Refusal::CodeWrong(settled.attempts_left), asked.id, now)),
    }
}
