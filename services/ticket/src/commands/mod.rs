//! What changes something. One file per command, the whole route in it: convert, begin, seen before?, lock, decide, keep, record, answer.
//!
//! The steps that are the same for every command on an existing appeal are here: [`open`], [`keep`] and [`answer`].
//!
//! Round trips of such a command: BEGIN, request id, lock, save, events, [message], calls, answer, COMMIT; one more each when the appeal
//! was ever suspended, its ledger changed, or staff are told.

pub mod acknowledge_escalation;
pub mod ask_other_body;
pub mod assign_appeal;
pub mod claim_next_appeal;
pub mod create_member;
pub mod escalate_appeal;
pub mod extend_deadline;
pub mod file_appeal;
pub mod look_at_pause;
pub mod post_message;
pub mod provide_info;
pub mod put_policy_set;
pub mod rebase_appeal;
pub mod record_deadline_outcome;
pub mod record_notice_outcome;
pub mod record_other_body_answer;
pub mod reopen_appeal;
pub mod request_info;
pub mod resolve_appeal;
pub mod retell_promise;
pub mod seed_staff;
pub mod set_duty;
pub mod update_member;
pub mod withdraw_appeal;

use ::outbox::OnceKey;
use ::store::{Tx, transaction};
use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::app::App;
use crate::domain::{Actor, Appeal, Assertion, Command, Decision, Event, Text, appeal_name, decide};
use crate::grpc::convert::{self, Asked, Audience};
use crate::routes::{self, Change};
use crate::store::{self, Stored};

/// The caller as the journal names them.
fn actor(caller: &Caller) -> Result<Actor, Refusal> {
    // Tokens whose subject is no citizen, member or system have no role, so they do not come this far.
    caller.subject.parse().map_err(Refusal::internal)
}

/// Locks the appeal that the caller asks something of. Whether they may see it is decided before whether it is there (AIP-193).
async fn open(app: &App, tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<Stored, Refusal> {
    let stored = store::appeal::lock(tx, &app.ring, id).await?;
    visible(caller, stored, || appeal_name(id))
}

/// The appeal, if there is one and the caller may see it. Those who may see any hear that there is none, others only that it is not
/// theirs, whichever it is.
pub(crate) fn visible(
    caller: &Caller,
    stored: Option<Stored>,
    named: impl FnOnce() -> String,
) -> Result<Stored, Refusal> {
    match stored {
        Some(stored) if Audience::may_see(caller, &stored.appeal) => Ok(stored),
        None if caller.is_staff() || matches!(caller.system(), Some("sla" | "notification" | "identity")) => {
            Err(convert::appeal_not_found(named()))
        }
        _ => Err(convert::not_yours()),
    }
}

/// Decides, with the refusal as the caller sees it.
fn decided(app: &App, appeal: &Appeal, command: &Command, by: &Actor) -> Result<Decision, Refusal> {
    decide(appeal, command, by, app.now(), &app.rules()).map_err(|refusal| convert::refuse(refusal, appeal.id))
}

/// Keeps what was decided: the row, the journal, the message with the command's text, and the calls that follow. Nothing when the command
/// had been carried out already.
async fn keep(
    app: &App,
    tx: &mut Tx,
    stored: &Stored,
    decision: &Decision,
    text: Option<&Text>,
) -> Result<(), Refusal> {
    let Decision { events, after, message } = decision;
    if decision.already_applied() {
        return Ok(());
    }
    store::appeal::save(tx, &stored.appeal, after).await?;
    store::event::append(tx, after.id, events).await?;
    app.watches.wake_on_commit(tx, after.id);
    if let (Some(meta), Some(text)) = (message, text) {
        store::message::insert(tx, &app.ring, after.id, meta, text).await?;
    }
    let assignee = match &after.assignee {
        Some(id) if routes::concerns_staff(events) => store::member::get(&mut **tx, &app.ring, id).await?,
        _ => None,
    };
    // A window that ends after the calendar's last day is not told; the command itself does not need it.
    let reopen_until = after.resolve_time.and_then(|time| app.rules().reopen_until(time).ok());
    let calls = routes::calls(&Change {
        before: Some(&stored.appeal),
        after,
        papers: &stored.papers,
        events,
        text,
        reopen_until,
        assignee: assignee.as_ref(),
    });
    app.outbox.enqueue(tx, app.now(), calls).await?;
    Ok(())
}

/// Carries out a command that needs nothing besides the appeal: said before, it is answered as it was then; else the caller is held to the version
/// that they saw, and what is decided is kept, `text` as the message that the decision names.
async fn carry_out<T>(
    app: &App,
    caller: &Caller,
    name: &'static str,
    key: &OnceKey,
    asked: &Asked<T>,
    command: &Command,
    text: Option<&Text>,
) -> Result<wire::Appeal, Refusal> {
    let by = actor(caller)?;
    transaction!(app.db, name, |tx| -> Result<wire::Appeal, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, key).await? {
            return Ok(answer);
        }
        let stored = open(app, tx, caller, asked.appeal).await?;
        stored.appeal.expect(asked.etag.as_deref()).map_err(|refusal| convert::refuse(refusal, asked.appeal))?;
        let decision = decided(app, &stored.appeal, command, &by)?;
        keep(app, tx, &stored, &decision, text).await?;
        let answer = answer(app, tx, caller, &stored, &decision.after).await?;
        app.once.record(tx, key, &answer).await?;
        Ok(answer)
    })
}

/// Marks the assertion as used, if the decision rested on it: it is good for one use (T20).
async fn use_up(app: &App, tx: &mut Tx, decision: &Decision, assertion: Option<&Assertion>) -> Result<(), Refusal> {
    let Some(assertion) = assertion else { return Ok(()) };
    if !decision.events.iter().any(|recorded| matches!(recorded.event, Event::IdentityConfirmed { .. })) {
        return Ok(());
    }
    let id = decision.after.id;
    let fresh = store::used_assertion::use_once(tx, &assertion.jti, id, app.now(), assertion.expire_time).await?;
    if fresh { Ok(()) } else { Err(convert::refuse(crate::domain::Refusal::AssertionInvalid("was used before"), id)) }
}

/// The appeal as the caller sees it after the command.
async fn answer(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    stored: &Stored,
    after: &Appeal,
) -> Result<wire::Appeal, Refusal> {
    let answer = match after.answer_message {
        Some(number) => Some(store::message::text(&mut **tx, &app.ring, after.id, number).await?),
        None => None,
    };
    let audience = Audience::of(caller, after);
    Ok(convert::appeal_view(after, &stored.papers, answer.as_ref(), app.advices, audience))
}
