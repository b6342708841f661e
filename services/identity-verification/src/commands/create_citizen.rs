//! CreateCitizen.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{self as wire, CreateCitizenRequest, ErrorReason};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::domain::Level;
use crate::grpc::convert::{citizen_to_wire, create_citizen};
use crate::{App, routes, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: CreateCitizenRequest,
) -> Result<wire::Citizen, Refusal> {
    let now = app.clock.now();
    let citizen = create_citizen(&request, Uuid::new_v4(), now)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "create_citizen", |tx| -> Result<wire::Citizen, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        store::citizen::insert(tx, &app.ring, &citizen).await.map_err(|error| match error.constraint() {
            Some("citizen_snils_key") => Refusal::exists(ErrorReason::CitizenExists, "citizen", "snils"),
            _ => error.into(),
        })?;
        app.outbox.enqueue(tx, now, vec![routes::upsert_recipient(&citizen)]).await?;
        let answer = citizen_to_wire(&citizen, Level::None);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
