//! Requests that ask something of an existing appeal.

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal, reasons};
use sealed::Personal;
use uuid::Uuid;

use super::allowance::allowance;
use super::form::Form;
use super::{kinds, names};
use crate::domain::{BodyOutcome, Channel, ClockRef, Escalate, Extend, Need, Text, Visibility, is_id};

/// A level above any ladder is a mistake of the caller's: policies have 9 levels at most.
const LEVEL_MAX: i32 = 9;
/// A signed statement of identity verification has some 500 bytes.
const ASSERTION_MAX: usize = 4_096;

/// What is asked of which appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<T> {
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// The appeal.
    pub appeal: Uuid,
    /// The version that the caller saw, where they said so.
    pub etag: Option<String>,
    /// What is asked.
    pub ask: T,
}

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Who may read it.
    pub visibility: Visibility,
    /// By which channel; `None` means the appeal's.
    pub channel: Option<Channel>,
    /// The text.
    pub text: Text,
}

/// A question to the applicant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is needed.
    pub need: Need,
    /// What is asked.
    pub text: Text,
}

/// What the applicant brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// In words.
    pub text: Option<Text>,
    /// The assertion as it came, not verified yet.
    pub assertion: Option<Personal>,
}

/// An answer to the appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In writing.
    pub text: Text,
    /// The assertion as it came, not verified yet.
    pub assertion: Option<Personal>,
}

/// What another body is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToBody {
    /// The id it is known by.
    pub body: String,
    /// What it is asked, for the note.
    pub text: Text,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromBody {
    /// In a word.
    pub outcome: BodyOutcome,
    /// In full, for the note.
    pub text: Text,
}

/// Longest id of a body, as of any name in Postgres.
const BODY_MAX: usize = 63;
/// Digits in a row that it may have, for the code of an office. Whatever tells of a person is longer.
const DIGITS_MAX: usize = 4;

/// The id of a request for work.
///
/// # Errors
/// INVALID_ARGUMENT, as of every function here.
pub fn claim_next(request: &wire::ClaimNextAppealRequest) -> Result<Uuid, Refusal> {
    let mut form = Form::new();
    let request_id = form.request_id(&request.request_id);
    form.finish(request_id)
}

/// To whom an appeal is to be assigned: the member's id.
pub fn assign(request: &wire::AssignAppealRequest) -> Result<Asked<String>, Refusal> {
    let mut form = Form::new();
    let member = names::member(&mut form, "assignee", &request.assignee);
    asked(form, ("name", &request.name), &request.etag, &request.request_id, member)
}

/// A message to post. Notes are staff's: an applicant can't hide something from themselves.
pub fn post_message(request: &wire::PostMessageRequest, caller: &Caller) -> Result<Asked<Posting>, Refusal> {
    let mut form = Form::new();
    let posting = match form.present("message", request.message.as_ref()) {
        None => None,
        Some(message) => {
            let visibility = form.choice("message.visibility", message.visibility, kinds::visibility);
            let visibility = visibility.map(|given| given.unwrap_or(Visibility::Public));
            if visibility == Some(Visibility::Internal) && !caller.is_staff() {
                form.fault("message.visibility", reasons::FIELD_INVALID, "notes are for staff");
            }
            let channel = form.choice("message.channel", message.channel, kinds::channel);
            let text = form.required("message.text", &message.text, Text::body);
            (|| Some(Posting { visibility: visibility?, channel: channel?, text: text? }))()
        }
    };
    asked(form, ("parent", &request.parent), "", &request.request_id, posting)
}

/// A question to the applicant.
pub fn request_info(request: &wire::RequestInfoRequest) -> Result<Asked<Question>, Refusal> {
    let mut form = Form::new();
    let need = form.choice("need", request.need, kinds::need).map(|need| need.unwrap_or(Need::Information));
    let text = form.required("text", &request.text, Text::body);
    let question = (|| Some(Question { need: need?, text: text? }))();
    asked(form, ("name", &request.name), &request.etag, &request.request_id, question)
}

/// What the applicant brings. Which of the two is needed depends on the state, so the decision tells.
pub fn provide_info(request: &wire::ProvideInfoRequest) -> Result<Asked<Provided>, Refusal> {
    let mut form = Form::new();
    let text = form.optional("text", &request.text, Text::body);
    let assertion = assertion(&mut form, &request.assertion);
    let provided = (|| Some(Provided { text: text?, assertion: assertion? }))();
    asked(form, ("name", &request.name), "", &request.request_id, provided)
}

/// Which body was asked, and what.
pub fn ask_other_body(request: &wire::AskOtherBodyRequest) -> Result<Asked<ToBody>, Refusal> {
    let mut form = Form::new();
    let body = form.required("body", &request.body, |given| {
        let is_number = given.as_bytes().windows(DIGITS_MAX + 1).any(|it| it.iter().all(u8::is_ascii_digit));
        let is_fit = is_id(given) && given.len() <= BODY_MAX && !is_number;
        let rule = "must be lower snake case, at most 63 characters, with at most 4 digits in a row: nobody's number belongs here";
        if is_fit { Ok(given.to_owned()) } else { Err(rule) }
    });
    let text = form.required("text", &request.text, Text::body);
    let ask = (|| Some(ToBody { body: body?, text: text? }))();
    asked(form, ("name", &request.name), &request.etag, &request.request_id, ask)
}

/// What came of asking another body.
pub fn record_other_body_answer(request: &wire::RecordOtherBodyAnswerRequest) -> Result<Asked<FromBody>, Refusal> {
    let mut form = Form::new();
    let outcome = form.choice("outcome", request.outcome, kinds::body_outcome);
    let text = form.required("text", &request.text, Text::body);
    let ask = (|| Some(FromBody { outcome: outcome?.unwrap_or(BodyOutcome::Answered), text: text? }))();
    asked(form, ("name", &request.name), &request.etag, &request.request_id, ask)
}

/// An answer to the appeal.
pub fn resolve(request: &wire::ResolveAppealRequest) -> Result<Asked<Answer>, Refusal> {
    let mut form = Form::new();
    let text = form.required("answer", &request.answer, Text::body);
    let assertion = assertion(&mut form, &request.assertion);
    let answer = (|| Some(Answer { text: text?, assertion: assertion? }))();
    asked(form, ("name", &request.name), &request.etag, &request.request_id, answer)
}

/// Why an appeal is to be opened again.
pub fn reopen(request: &wire::ReopenAppealRequest) -> Result<Asked<Text>, Refusal> {
    let mut form = Form::new();
    let text = form.required("text", &request.text, Text::body);
    asked(form, ("name", &request.name), "", &request.request_id, text)
}

/// Which appeal is taken back.
pub fn withdraw(request: &wire::WithdrawAppealRequest) -> Result<Asked<()>, Refusal> {
    asked(Form::new(), ("name", &request.name), "", &request.request_id, Some(()))
}

/// Which escalation was seen.
pub fn acknowledge(request: &wire::AcknowledgeEscalationRequest) -> Result<Asked<()>, Refusal> {
    asked(Form::new(), ("name", &request.name), "", &request.request_id, Some(()))
}

/// By what an appeal's term is to be extended, and the id of the request for its notice.
pub fn extend(request: &wire::ExtendDeadlineRequest) -> Result<Asked<Extend>, Refusal> {
    let mut form = Form::new();
    let reason = form.required_choice("reason", request.reason, kinds::extension_reason);
    let length = form.present("length", request.length.as_ref());
    let length = length.and_then(|given| {
        form.rule("length", allowance(given).ok_or("must grant whole seconds or days, at most five years"))
    });
    let ask = (|| Some(Extend { reason: reason?, length: length?, notice: Uuid::new_v4() }))();
    asked(form, ("name", &request.name), &request.etag, &request.request_id, ask)
}

/// The appeal, and the hash of the set that it is to be promised under.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn rebase(request: &wire::RebaseAppealRequest) -> Result<Asked<String>, Refusal> {
    let mut form = Form::new();
    let hash = form.required("policy_hash", &request.policy_hash, |given| {
        let is_hash = given.len() == 64 && given.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { Ok(given.to_owned()) } else { Err("must be 64 lower-case hex digits") }
    });
    asked(form, ("name", &request.name), "", &request.request_id, hash)
}

/// The appeal whose promise is told again.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn retell(request: &wire::RetellPromiseRequest) -> Result<Asked<()>, Refusal> {
    asked(Form::new(), ("name", &request.name), "", &request.request_id, Some(()))
}

/// How far up an appeal is to go. A system names clock, epoch and level; a person names none or a level.
pub fn escalate(request: &wire::EscalateAppealRequest, caller: &Caller) -> Result<Asked<Escalate>, Refusal> {
    let mut form = Form::new();
    let level = level(&mut form, request.level);
    let kind = form.choice("clock", request.clock, kinds::clock);
    let level_due_time = form.time("level_due_time", request.level_due_time.as_ref());
    let lateness = form.span("lateness", request.lateness.as_ref());
    let epoch = if matches!(kind, Some(Some(_))) {
        form.rule("epoch", (request.epoch >= 1).then_some(request.epoch).ok_or("must be 1 or more"))
    } else {
        form.rule("epoch", (request.epoch == 0).then_some(0).ok_or("is given only together with clock"))
    };
    if caller.is_staff() && request.clock != 0 {
        form.fault("clock", reasons::FIELD_INVALID, "is for the SLA monitor");
    }
    if caller.system().is_some() {
        if request.clock == 0 {
            form.missing("clock");
        }
        if request.level == 0 {
            form.missing("level");
        }
    }
    let ask = (|| {
        let epoch = epoch?;
        Some(Escalate {
            level: level?,
            clock: kind?.map(|kind| ClockRef { kind, epoch }),
            level_due_time: level_due_time?,
            lateness: lateness?,
        })
    })();
    asked(form, ("name", &request.name), "", &request.request_id, ask)
}

/// A level; 0 is none.
fn level(form: &mut Form, raw: i32) -> Option<Option<u8>> {
    if raw == 0 {
        return Some(None);
    }
    let level = u8::try_from(raw).ok().filter(|_| (1..=LEVEL_MAX).contains(&raw));
    form.rule("level", level.ok_or("must be 0 to 9")).map(Some)
}

fn assertion(form: &mut Form, token: &str) -> Option<Option<Personal>> {
    form.optional("assertion", token, |token| {
        let fits = token.len() <= ASSERTION_MAX && token.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Personal::from(token)).ok_or("must be a compact JWS")
    })
}

pub(super) fn asked<T>(
    mut form: Form,
    (path, name): (&str, &str),
    etag: &str,
    request_id: &str,
    ask: Option<T>,
) -> Result<Asked<T>, Refusal> {
    let appeal = names::appeal(&mut form, path, name);
    let request_id = form.request_id(request_id);
    let etag = super::pages::not_empty(etag);
    let read = (|| Some(Asked { request_id: request_id?, appeal: appeal?, etag, ask: ask? }))();
    form.finish(read)
}
