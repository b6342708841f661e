//! ClaimNextAppeal: the most urgent waiting appeal that the caller can take; never the same one twice (T9).

use std::sync::Arc;

use ::store::{Tx, transaction};
use proto::ticket::v1::{self as wire, ErrorReason};
use rpc::{Caller, Refusal};

use super::{actor, answer, decided, keep};
use crate::app::App;
use crate::domain::{Command, Member, Unsuitable};
use crate::grpc::convert;
use crate::store::queue::{Look, Next};
use crate::store::{self, Stored};

/// Heads looked at: more than members claim at the same moment.
const DEPTH: i64 = 32;
/// Looks that found all heads taken meanwhile, before the caller is asked to come again.
const LOOKS: usize = 8;

/// Gives the caller work.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::ClaimNextAppealRequest,
) -> Result<wire::ClaimNextAppealResponse, Refusal> {
    convert::claim_next(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let by = actor(&caller)?;
    let id = by.staff().ok_or_else(convert::not_yours)?;
    transaction!(app.db, "claim_next_appeal", |tx| -> Result<wire::ClaimNextAppealResponse, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, &key).await? {
            return Ok(answer);
        }
        let member = store::member::get(&mut **tx, &app.ring, id).await?;
        let member = member.ok_or_else(|| convert::member_not_found(id))?;
        if !member.on_duty {
            let why = Unsuitable::OffDuty.to_string();
            return Err(Refusal::precondition(ErrorReason::MemberNotSuitable, format!("staff/{id}"), why));
        }
        let appeal = match next(&app, tx, &member).await? {
            Some(stored) => {
                let decision = decided(&app, &stored.appeal, &Command::Assign { member }, &by)?;
                keep(&app, tx, &stored, &decision, None).await?;
                Some(answer(&app, tx, &caller, &stored, &decision.after).await?)
            }
            None => None,
        };
        let answer = wire::ClaimNextAppealResponse { appeal };
        app.once.record(tx, &key, &answer).await?;
        Ok(answer)
    })
}

async fn next(app: &App, tx: &mut Tx, member: &Member) -> Result<Option<Stored>, Refusal> {
    let groups: Vec<String> = member.groups.iter().cloned().collect();
    let languages: Vec<String> = member.languages.iter().map(|language| language.primary().to_owned()).collect();
    let look = Look { groups: &groups, languages: &languages, level: member.level.rank(), depth: DEPTH };
    for _ in 0..LOOKS {
        match store::queue::next(tx, &app.ring, look).await? {
            Next::Taken(stored) => return Ok(Some(*stored)),
            Next::Empty => return Ok(None),
            Next::AllTaken => {}
        }
    }
    Err(Refusal::conflict())
}
