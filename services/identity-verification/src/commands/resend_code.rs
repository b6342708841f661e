//! ResendCode.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{self as wire, ResendCodeRequest};
use rpc::{Caller, Refusal};

use super::{lock, note_send};
use crate::grpc::convert::{refusal, resend_code, verification_to_wire};
use crate::{App, routes, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: ResendCodeRequest,
) -> Result<wire::Verification, Refusal> {
    let now = app.clock.now();
    let asked = resend_code(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "resend_code", |tx| -> Result<wire::Verification, Refusal> {
        let mut it = lock(tx, &caller, asked.id).await?;
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let citizen = store::citizen::get(tx, &app.ring, it.citizen_id)
            .await?
            .ok_or_else(|| Refusal::internal("a verification without its citizen: the foreign key is broken"))?;
        it.resend(asked.method.unwrap_or(it.method), now, &app.rules).map_err(|why| refusal(why, it.id, now))?;
        note_send(&app, tx, &citizen, it.method, it.id, now).await?;
        store::verification::update(tx, &it).await?;
        let code = app.codes.code(it.id, it.generation, app.rules.digits_for(&it.action));
        app.outbox.enqueue(tx, now, vec![routes::send_code(&it, &code)]).await?;
        let answer = verification_to_wire(&it, &app, now);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
