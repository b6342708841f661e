//! IssueAssertion.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{Assertion, IssueAssertionRequest};
use proto::to_wire;
use rpc::{Caller, Refusal};

use super::lock;
use crate::App;
use crate::grpc::convert::{issue_assertion, level_to_wire, refusal};

pub(crate) async fn run(app: Arc<App>, caller: Caller, request: IssueAssertionRequest) -> Result<Assertion, Refusal> {
    let now = app.clock.now();
    let asked = issue_assertion(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "issue_assertion", |tx| -> Result<Assertion, Refusal> {
        let it = lock(tx, &caller, asked.id).await?;
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        it.assert(asked.appeal_id, &asked.action, asked.level, now).map_err(|why| refusal(why, it.id, now))?;
        let (token, until) = app
            .assertions
            .issue(it.citizen_id, it.appeal_id, &it.action, asked.level, now)
            .map_err(|error| Refusal::internal(error.to_string()))?;
        let answer = Assertion { token, level: level_to_wire(asked.level).into(), expire_time: Some(to_wire(until)) };
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
