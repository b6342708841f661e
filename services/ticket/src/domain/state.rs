//! What a command does to an appeal: one match over every state and every command.
//!
//! Here is only which command is for which state; what it then does is in `steps.rs`.

use jiff::Timestamp;

use super::actor::Actor;
use super::appeal::Appeal;
use super::command::Command;
use super::event::Recorded;
use super::kinds::State;
use super::message::{MessageMeta, Visibility};
use super::refusal::Refusal;
use super::steps::Deciding;
use super::terms::Rules;

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happened, in order; empty when the command changed nothing because it was done already.
    pub events: Vec<Recorded>,
    /// The appeal with them applied.
    pub after: Appeal,
    /// The message that the command's text is to be kept as.
    pub message: Option<MessageMeta>,
}

impl Decision {
    /// True when nothing happened, as it had happened before.
    pub fn already_applied(&self) -> bool {
        self.events.is_empty()
    }
}

macro_rules! paused {
    () => {
        State::AwaitingApplicant | State::AwaitingVerification
    };
}
macro_rules! open {
    () => {
        State::Registered | State::Assigned | State::InProgress | State::AwaitingOtherBody | paused!()
    };
}
macro_rules! ended {
    () => {
        State::Resolved | State::Closed | State::Rejected | State::Withdrawn | State::Merged
    };
}

/// Decides. The caller holds the appeal's row locked, has checked who may do this at all, and keeps what comes out.
///
/// # Errors
/// [`Refusal`]; then nothing is to be kept.
pub fn decide(
    appeal: &Appeal,
    command: &Command,
    by: &Actor,
    now: Timestamp,
    rules: &Rules<'_>,
) -> Result<Decision, Refusal> {
    let now = appeal.moment(now);
    let mut deciding = Deciding::new(appeal, by, now, rules);
    let state = appeal.state;
    match (state, command) {
        // What others did is noted in any state, and changes none.
        (open!() | ended!(), Command::RecordDeadline(outcome)) => deciding.note_deadline(outcome),
        (open!() | ended!(), Command::RecordNotice(outcome)) => deciding.note_notice(outcome),

        (open!(), Command::PostMessage { visibility, channel }) => deciding.post(*visibility, *channel),
        (ended!(), Command::PostMessage { visibility: Visibility::Internal, channel }) => {
            deciding.post(Visibility::Internal, *channel);
        }
        (ended!(), Command::PostMessage { visibility: Visibility::Public, .. }) => return closed(state),

        (open!(), Command::Assign { member }) => deciding.assign(member)?,
        (ended!(), Command::Assign { .. }) => return closed(state),

        (State::Assigned | State::InProgress, Command::RequestInfo { need }) => deciding.ask(*need)?,
        (State::Assigned | State::InProgress, Command::AskBody { body }) => deciding.ask_body(body)?,
        (
            State::Registered | State::AwaitingOtherBody | paused!(),
            Command::RequestInfo { .. } | Command::AskBody { .. },
        ) => return not_allowed(state, "ASSIGNED and IN_PROGRESS"),
        (ended!(), Command::RequestInfo { .. } | Command::AskBody { .. }) => return closed(state),

        (State::AwaitingOtherBody, Command::RecordBodyAnswer { outcome }) => deciding.record_body_answer(*outcome)?,
        (State::Registered | State::Assigned | State::InProgress | paused!(), Command::RecordBodyAnswer { .. }) => {
            return not_allowed(state, "AWAITING_OTHER_BODY");
        }
        (ended!(), Command::RecordBodyAnswer { .. }) => return closed(state),

        (paused!(), Command::ProvideInfo { text, assertion }) => deciding.provide(*text, assertion.as_ref())?,
        (
            State::Registered | State::Assigned | State::InProgress | State::AwaitingOtherBody,
            Command::ProvideInfo { .. },
        ) => {
            return not_allowed(state, "AWAITING_APPLICANT and AWAITING_VERIFICATION");
        }
        (ended!(), Command::ProvideInfo { .. }) => return closed(state),

        (paused!(), Command::LookAtPause { start_time }) => deciding.look_at_pause(*start_time)?,
        // Somebody was faster.
        (
            State::Registered | State::Assigned | State::InProgress | State::AwaitingOtherBody | ended!(),
            Command::LookAtPause { .. },
        ) => {}

        (
            State::Assigned | State::InProgress | State::AwaitingOtherBody | paused!(),
            Command::Resolve { assertion },
        ) => deciding.resolve(assertion.as_ref())?,
        (State::Registered, Command::Resolve { .. }) => {
            return not_allowed(state, "ASSIGNED, IN_PROGRESS and the AWAITING states");
        }
        (ended!(), Command::Resolve { .. }) => return closed(state),

        (State::Resolved, Command::Reopen) => deciding.reopen()?,
        (open!(), Command::Reopen) => return not_allowed(state, "RESOLVED"),
        (State::Closed | State::Rejected | State::Withdrawn | State::Merged, Command::Reopen) => return closed(state),

        (open!(), Command::Withdraw) => deciding.withdraw(),
        (State::Withdrawn, Command::Withdraw) => {}
        (State::Resolved | State::Closed | State::Rejected | State::Merged, Command::Withdraw) => return closed(state),

        (open!(), Command::Escalate { ask, candidates }) => deciding.escalate(ask, candidates)?,
        (ended!(), Command::Escalate { .. }) => return closed(state),

        (open!(), Command::Extend(ask)) => deciding.extend(ask)?,
        (ended!(), Command::Extend(_)) => return closed(state),

        (open!(), Command::AcknowledgeEscalation) => deciding.acknowledge()?,
        (ended!(), Command::AcknowledgeEscalation) => return closed(state),

        (open!(), Command::Rebase { set }) => deciding.rebase(set)?,
        (ended!(), Command::Rebase { .. }) => return closed(state),
    }
    Ok(deciding.done())
}

fn closed(state: State) -> Result<Decision, Refusal> {
    Err(Refusal::Closed { state })
}

fn not_allowed(state: State, allowed: &'static str) -> Result<Decision, Refusal> {
    Err(Refusal::StateNotAllowed { state, allowed })
}
