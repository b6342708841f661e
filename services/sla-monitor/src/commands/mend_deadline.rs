//! MendDeadline: puts right what the reconciler found at one deadline, or what anybody sees there before it does.
//!
//! Rungs and the time to look at them follow from the promise that is kept here. A promise that is not here, or is old, is asked of the ticket
//! service by a call that is not lost; it tells it as it always does. Asked twice, it tells twice, and the second is ignored by its revision.

use std::sync::Arc;

use ::store::transaction;
use outbox::OnceKey;
use proto::sla::v1::{ErrorReason, MendDeadlineRequest, MendDeadlineResponse};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::domain::DriftKind;
use crate::grpc::convert::{deadline_to_wire, mend};
use crate::{App, routes, store};

/// What is mended here.
const OURS: [DriftKind; 3] = [DriftKind::RungMissing, DriftKind::FireTimeDiffers, DriftKind::RungOverdue];

pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: MendDeadlineRequest,
) -> Result<MendDeadlineResponse, Refusal> {
    let id = mend(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let answer = put_right(&app, id, &key, &request.name).await?;
    tracing::info!(deadline = %id, mended = answer.mended, retold = answer.retold, "a deadline was looked over");
    Ok(answer)
}

async fn put_right(app: &App, id: Uuid, key: &OnceKey, name: &str) -> Result<MendDeadlineResponse, Refusal> {
    let (now, policies) = (app.db.now(), app.policies());
    transaction!(app.db, "mend_deadline", |tx| -> Result<MendDeadlineResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, key).await? {
            return Ok(answer);
        }
        let known = store::deadline::lock(tx, id).await?;
        let lost = if known.is_some() { DriftKind::AppealOutdated } else { DriftKind::AppealUntracked };
        let mut answer = MendDeadlineResponse {
            retold: store::drift::is_known(tx, id, lost).await?,
            ..MendDeadlineResponse::default()
        };
        if known.is_none() && !answer.retold {
            return Err(Refusal::not_found(ErrorReason::DeadlineNotFound, "otklik.sla.v1.Deadline", name));
        }
        if let Some(mut deadline) = known {
            let stored = store::drift::fire_time(tx, id).await?;
            let before = deadline.rungs.clone();
            answer.mended = deadline.mend(stored, now, &policies);
            if answer.mended {
                store::deadline::mend(tx, &before, &deadline).await?;
                store::drift::forget(tx, id, &OURS).await?;
            }
            answer.deadline = Some(deadline_to_wire(&deadline, app.late_after));
        }
        if answer.retold {
            app.outbox.enqueue(tx, now, vec![routes::retell(id)]).await?;
        }
        app.once.record(tx, key, &answer).await?;
        Ok(answer)
    })
}
