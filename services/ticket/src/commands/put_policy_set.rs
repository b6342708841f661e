//! PutPolicySet: what the SLA monitor published, kept here so that filing an appeal asks nobody (L1).

use std::sync::Arc;

use ::store::transaction;
use policies::Kept;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use crate::app::App;
use crate::grpc::convert;

/// Keeps a set; appeals are promised under it from its effective time on.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::PutPolicySetRequest,
) -> Result<wire::PutPolicySetResponse, Refusal> {
    let record = convert::policy_set(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let answer = transaction!(app.db, "put_policy_set", |tx| -> Result<wire::PutPolicySetResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        match policies::keep(tx, &record).await? {
            Kept::New | Kept::Known => {}
            // The sets of the SLA monitor were restored from an older copy, and another was published under the same version.
            Kept::Taken => return Err(convert::policy_set_exists(&record)),
        }
        let answer = wire::PutPolicySetResponse {};
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })?;
    // The other replicas look for it themselves, and so does this one where it can't just now.
    if let Err(fault) = app.shelf.refresh().await {
        tracing::warn!(%fault, "a set of policies that was just kept is not in force here yet");
    }
    Ok(answer)
}
