//! RetellPromise: the SLA monitor is told once more. Nothing of the appeal changes, so its journal has nothing to tell either.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::open;
use crate::app::App;
use crate::grpc::convert;
use crate::routes;

/// Tells it.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::RetellPromiseRequest,
) -> Result<wire::RetellPromiseResponse, Refusal> {
    let asked = convert::retell(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "retell_promise", |tx| -> Result<wire::RetellPromiseResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        // Under the appeal's lock, so that no newer state is told before this one.
        let stored = open(&app, tx, &caller, asked.appeal).await?;
        app.outbox.enqueue(tx, app.now(), vec![routes::retold(&stored.appeal)]).await?;
        let answer = wire::RetellPromiseResponse {};
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
