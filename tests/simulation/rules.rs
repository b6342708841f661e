//! What an act on an appeal must come to: the events it adds and the state that follows, or the very refusal. Written from the contract,
//! not from the code that it checks.

use std::fmt;

use deadline::{Allowance, PolicySet};
use jiff::Timestamp;
use tonic::Code;

use crate::catalogue::{Member, member, members, rank, urgency};
use crate::model::Appeal;
use crate::op::Act;

/// What must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// These events, and then this state.
    Done(Vec<&'static str>, String),
    /// A refusal with this code and reason; nothing changes.
    Refused(Code, &'static str),
}

/// Working days in which a resolved appeal may be opened again (config.default.toml of the ticket service).
const REOPEN_DAYS: u16 = 10;

/// What must come of an act; `by`: the member who acts, for what staff does.
pub fn expect(act: Act, appeal: &Appeal, by: &Member, now: Timestamp) -> Expect {
    let state = appeal.state.as_str();
    let is_assignee = appeal.assignee.as_deref() == Some(by.id.as_str());
    let lapsed = appeal.is_proposed.then_some("extension_lapsed");
    let next = (appeal.next.state == "running").then_some("next_answered");
    let answer = if appeal.first.is_over() { next } else { Some("first_answered") };
    let accepted = accepted(appeal);
    let answered = accepted.into_iter().chain(answer);
    let done = |events: &[&'static str], state: &str| Expect::Done(events.to_vec(), state.to_owned());
    match act {
        Act::Note => done(&["message_posted"], state),
        Act::Withdraw if state == "withdrawn" => done(&[], state),
        Act::Reopen if state == "resolved" => {
            if now > reopen_until(appeal.resolve_time.unwrap_or(now)) {
                return refused("REOPEN_WINDOW_PASSED");
            }
            done(&["reopened", "answer_awaited"], if appeal.assignee.is_some() { "in_progress" } else { "registered" })
        }
        Act::Reopen if appeal.is_open() => refused("STATE_NOT_ALLOWED"),
        Act::Prove => done(&[], state),
        Act::Extend if by.level == "operator" => Expect::Refused(Code::PermissionDenied, "ROLE_NOT_ALLOWED"),
        _ if !appeal.is_open() => refused("APPEAL_CLOSED"),
        Act::Withdraw => done(&lapsed.into_iter().chain(["withdrawn"]).collect::<Vec<_>>(), "withdrawn"),
        Act::Write => {
            let waits = appeal.may_begin_to_wait().then_some("answer_awaited");
            done(&["message_posted"].into_iter().chain(waits).collect::<Vec<_>>(), state)
        }
        Act::Answer => {
            let begins = state == "assigned" && is_assignee;
            let events: Vec<_> = ["message_posted"].into_iter().chain(answered).collect();
            done(&events, if begins { "in_progress" } else { state })
        }
        Act::Ask | Act::AskIdentity | Act::AskBody if !matches!(state, "assigned" | "in_progress") => {
            refused("STATE_NOT_ALLOWED")
        }
        Act::BodyAnswers | Act::GiveBodyUp if state != "awaiting_other_body" => refused("STATE_NOT_ALLOWED"),
        Act::Ask | Act::AskIdentity | Act::AskBody | Act::BodyAnswers | Act::GiveBodyUp if !is_assignee => {
            refused("NOT_ASSIGNEE")
        }
        Act::AskBody => {
            let events: Vec<_> = accepted.into_iter().chain(["body_asked"]).collect();
            done(&events, "awaiting_other_body")
        }
        Act::BodyAnswers | Act::GiveBodyUp => {
            let events: Vec<_> = accepted.into_iter().chain(["body_answered"]).collect();
            done(&events, "in_progress")
        }
        Act::Ask | Act::AskIdentity => {
            let events: Vec<_> = answered.chain(["info_requested"]).collect();
            done(&events, if act == Act::Ask { "awaiting_applicant" } else { "awaiting_verification" })
        }
        Act::Inform if !appeal.is_paused() => refused("STATE_NOT_ALLOWED"),
        Act::Inform if state == "awaiting_applicant" => done(&["info_provided", "answer_awaited"], "in_progress"),
        Act::Inform => match proof(appeal, now) {
            None => refused("ASSURANCE_REQUIRED"),
            Some(false) => stale(),
            Some(true) => done(&["identity_confirmed", "info_provided", "answer_awaited"], "in_progress"),
        },
        Act::Resolve | Act::Meddle if state == "registered" => refused("STATE_NOT_ALLOWED"),
        Act::Resolve | Act::Meddle if !is_assignee => refused("NOT_ASSIGNEE"),
        Act::Resolve | Act::Meddle => {
            let confirmed = match (needs_proof(appeal), proof(appeal, now)) {
                (false, _) => None,
                (true, None) => return refused("ASSURANCE_REQUIRED"),
                (true, Some(false)) => return stale(),
                (true, Some(true)) => Some("identity_confirmed"),
            };
            let events: Vec<_> = confirmed.into_iter().chain(lapsed).chain(answered).chain(["resolved"]).collect();
            done(&events, "resolved")
        }
        Act::Acknowledge if appeal.level == 0 => refused("NOT_ESCALATED"),
        Act::Acknowledge if !is_assignee => refused("NOT_ASSIGNEE"),
        Act::Acknowledge => {
            let seen = (!appeal.is_acknowledged).then_some("escalation_acknowledged");
            done(&seen.into_iter().chain(accepted).collect::<Vec<_>>(), state)
        }
        Act::Extend if !is_assignee => refused("NOT_ASSIGNEE"),
        Act::Extend => match appeal.resolution.due_time {
            None => refused("CLOCK_NOT_RUNNING"),
            Some(due) if due <= now => refused("DEADLINE_PASSED"),
            Some(_) if appeal.is_proposed => refused("EXTENSION_PROPOSED"),
            Some(_) if appeal.extensions > 0 => refused("EXTENSION_NOT_ALLOWED"),
            Some(_) => done(&["extension_proposed"], state),
        },
        Act::Reopen => refused("STATE_NOT_ALLOWED"),
    }
}

/// What must come of an assignment.
pub fn expect_assignment(appeal: &Appeal, to: &Member) -> Expect {
    if !appeal.is_open() {
        return refused("APPEAL_CLOSED");
    }
    let has_it = appeal.assignee.as_deref() == Some(to.id.as_str());
    if has_it && accepted(appeal).is_none() {
        return Expect::Done(Vec::new(), appeal.state.clone());
    }
    if !to.groups.contains(&appeal.category.group) || rank(&to.level) < appeal.queue_level {
        return refused("MEMBER_NOT_SUITABLE");
    }
    let events = if has_it { accepted(appeal).into_iter().collect() } else { taken(appeal) };
    Expect::Done(events, state_taken(appeal).to_owned())
}

/// What is noted where somebody begins with it.
fn accepted(appeal: &Appeal) -> Option<&'static str> {
    (appeal.acceptance.state == "running").then_some("accepted")
}

/// What is noted where somebody takes it, or is given it.
pub fn taken(appeal: &Appeal) -> Vec<&'static str> {
    ["assigned"].into_iter().chain(accepted(appeal)).collect()
}

/// The appeal that a member must be given next.
pub fn next_for<'a>(appeals: &'a [Appeal], by: &Member) -> Option<&'a Appeal> {
    let waits = |it: &&Appeal| {
        it.assignee.is_none()
            && it.is_open()
            && !it.is_paused()
            && by.groups.contains(&it.category.group)
            && by.languages.iter().any(|language| *language == it.form.language)
            && it.queue_level <= rank(&by.level)
    };
    appeals
        .iter()
        .filter(waits)
        .min_by_key(|it| (urgency(&it.category.priority), it.resolution.due_time, it.create_time, it.id))
}

/// The state of an appeal that somebody takes.
pub fn state_taken(appeal: &Appeal) -> &str {
    if appeal.state == "registered" { "assigned" } else { &appeal.state }
}

/// Who acts on it for the house: who has it, or a specialist.
pub fn actor(act: Act, appeal: &Appeal) -> &'static Member {
    let holder = appeal.assignee.as_deref().and_then(member);
    if act == Act::Meddle {
        let others = members().iter().rev();
        return others
            .into_iter()
            .find(|it| Some(it.id.as_str()) != appeal.assignee.as_deref())
            .expect("many work here");
    }
    holder.unwrap_or_else(|| member("specialist-1").expect("a sample member"))
}

/// Whether a resolution has to bring a proof along.
pub fn needs_proof(appeal: &Appeal) -> bool {
    appeal.category.required_assurance != "none" && !appeal.is_confirmed
}

/// Whether there is a proof, and whether it still counts.
fn proof(appeal: &Appeal, now: Timestamp) -> Option<bool> {
    appeal.proof.as_ref().map(|(_, until)| now < *until)
}

fn reopen_until(resolved: Timestamp) -> Timestamp {
    let calendar = PolicySet::builtin().calendar("working_days").expect("it is shipped");
    let until = deadline::due(calendar, resolved, Allowance::WorkingDays(REOPEN_DAYS), &[]);
    until.ok().and_then(deadline::Due::time).expect("lists end before the calendar does")
}

fn refused(reason: &'static str) -> Expect {
    Expect::Refused(Code::FailedPrecondition, reason)
}

fn stale() -> Expect {
    Expect::Refused(Code::Unauthenticated, "ASSERTION_INVALID")
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(events, state) => write!(f, "{events:?}, then {state}"),
            Self::Refused(code, reason) => write!(f, "{code:?} {reason}"),
        }
    }
}
