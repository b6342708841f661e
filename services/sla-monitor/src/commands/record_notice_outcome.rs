//! RecordNoticeOutcome.

use std::sync::Arc;

use ::store::transaction;
use proto::sla::v1::{RecordNoticeOutcomeRequest, RecordNoticeOutcomeResponse};
use rpc::{Caller, Refusal};

use crate::grpc::convert::notice_outcome;
use crate::{App, notices, routes};

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: RecordNoticeOutcomeRequest,
) -> Result<RecordNoticeOutcomeResponse, Refusal> {
    let told = notice_outcome(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let now = app.db.now();
    transaction!(app.db, "record_notice_outcome", |tx| -> Result<RecordNoticeOutcomeResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        match notices::note(&app, tx, told.send_request_id, told.notice, now).await? {
            Some((deadline, rung)) => {
                app.outbox.enqueue(tx, now, vec![routes::repeat_noted(deadline, rung, &told.news)]).await?;
            }
            // Nothing to append it to, and nothing that the caller could do about it.
            None => app.metrics.unknown_notice(),
        }
        let answer = RecordNoticeOutcomeResponse {};
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
