//! FileAppeal: the number and the promise from one local transaction (T2), whatever the other services do.
//!
//! Round trips: BEGIN, request id, appeal with its event, calls, answer, COMMIT: six. Nothing is read and no row is waited for. A number that
//! is taken (one filing in a billion, at ten million appeals) costs one more.

use std::sync::Arc;

use ::store::transaction;
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};
use uuid::Uuid;

use super::actor;
use crate::app::App;
use crate::domain::{Number, file};
use crate::grpc::convert::{self, Audience};
use crate::routes::{self, Change};
use crate::store;

/// Numbers drawn before something else must be wrong than chance.
const DRAWS: usize = 5;

/// Registers an appeal.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::FileAppealRequest) -> Result<wire::Appeal, Refusal> {
    let now = app.now();
    let asked = convert::file_appeal(&request, &caller, &app.catalogue, now)?;
    let filing = asked.filing;
    let by = actor(&caller)?;
    let id = Uuid::new_v4();
    let file =
        |number| file(&filing, id, number, &by, now, &app.rules()).map_err(|refusal| convert::refuse(refusal, id));
    if asked.validate_only {
        let draft = file(Number::from_random(0))?.after;
        return Ok(convert::draft_view(&draft, &filing.papers, app.advices, Audience::of(&caller, &draft)));
    }
    let key = app.once.key(caller.key(), &request)?;
    transaction!(app.db, "file_appeal", |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let mut draws = 0;
        let filed = loop {
            let filed = file(Number::from_random(rand::random()))?;
            if store::filing::insert(tx, &app.ring, &filed.after, &filing.papers, &filed.events[0]).await? {
                break filed;
            }
            draws += 1;
            if draws == DRAWS {
                return Err(Refusal::internal("no free number was drawn"));
            }
        };
        let calls = routes::calls(&Change {
            before: None,
            after: &filed.after,
            papers: &filing.papers,
            events: &filed.events,
            text: None,
            reopen_until: None,
            assignee: None,
        });
        app.outbox.enqueue(tx, now, calls).await?;
        let audience = Audience::of(&caller, &filed.after);
        let answer = convert::appeal_view(&filed.after, &filing.papers, None, app.advices, audience);
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}
