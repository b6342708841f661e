//! StartVerification.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{self as wire, ErrorReason, StartVerificationRequest};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use super::note_send;
use crate::domain::{Verification, citizen_name};
use crate::grpc::convert::{allow, start_verification, verification_to_wire};
use crate::{App, routes, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: StartVerificationRequest,
) -> Result<wire::Verification, Refusal> {
    let now = app.clock.now();
    let asked = start_verification(&request)?;
    allow(&caller, Some(asked.citizen_id))?;
    let key = app.once.key(caller.key(), &request)?;
    let id = Uuid::new_v4();
    transaction!(app.db, "start_verification", |tx| -> Result<wire::Verification, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let citizen = store::citizen::get(tx, &app.ring, asked.citizen_id).await?.ok_or_else(|| {
            Refusal::not_found(ErrorReason::CitizenNotFound, "citizen", citizen_name(asked.citizen_id))
        })?;
        let it =
            Verification::start(id, citizen.id, asked.method, asked.appeal_id, asked.action.clone(), now, &app.rules);
        store::verification::insert(tx, &it).await?;
        note_send(&app, tx, &citizen, it.method, it.id, now).await?;
        let code = app.codes.code(it.id, it.generation, app.rules.digits_for(&it.action));
        app.outbox.enqueue(tx, now, vec![routes::send_code(&it, &code)]).await?;
        let answer = verification_to_wire(&it, &app, now);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
