//! Goes on without the applicant, who was waited for as long as the policy has it, or reminds them that it is their turn (L6). Asked by the clock and
//! by nobody else: no RPC.

use ::store::{Error, transaction};
use jiff::Timestamp;
use rpc::Refusal;

use super::{decided, keep};
use crate::app::App;
use crate::domain::{Actor, Command};
use crate::store;
use crate::store::suspension::Overdue;

/// Looks at a pause; nothing where it has ended, or another one has begun. Answers when it is to be looked at next, where there was nothing to do.
///
/// # Errors
/// The calendar ends before the new due times; those of any statement.
pub async fn run(app: &App, pause: &Overdue) -> Result<Option<Timestamp>, Refusal> {
    let by = Actor::System("ticket".to_owned());
    let command = Command::LookAtPause { start_time: pause.start_time };
    transaction!(app.db, "look_at_pause", |tx| -> Result<Option<Timestamp>, Refusal> {
        let stored = store::appeal::lock(tx, &app.ring, pause.appeal).await?;
        let stored = stored.ok_or_else(|| Error::Corrupt("a suspension without its appeal".to_owned()))?;
        let decision = decided(app, &stored.appeal, &command, &by)?;
        keep(app, tx, &stored, &decision, None).await?;
        let open = decision.after.open_suspension().filter(|_| decision.already_applied());
        Ok(open.and_then(|open| open.look_time()))
    })
}
