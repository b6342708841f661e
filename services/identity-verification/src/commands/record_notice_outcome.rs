//! RecordNoticeOutcome.

use std::sync::Arc;

use ::store::transaction;
use proto::identity::v1::{RecordNoticeOutcomeRequest, RecordNoticeOutcomeResponse};
use rpc::{Caller, Refusal};

use crate::grpc::convert::notice_outcome;
use crate::{App, store};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: RecordNoticeOutcomeRequest,
) -> Result<RecordNoticeOutcomeResponse, Refusal> {
    let outcome = notice_outcome(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "record_notice_outcome", |tx| -> Result<RecordNoticeOutcomeResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        store::notice_outcome::insert(tx, &outcome).await?;
        let answer = RecordNoticeOutcomeResponse {};
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
