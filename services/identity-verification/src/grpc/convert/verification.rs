//! Verifications between the wire and the domain.

use jiff::Timestamp;
use proto::identity::v1::{
    self as wire, AssuranceLevel, ConfirmCodeRequest, IssueAssertionRequest, ResendCodeRequest,
    StartVerificationRequest,
    verification::{Method as WireMethod, State as WireState},
};
use proto::to_wire;
use rpc::{Refusal, Violations, reasons};
use sealed::Personal;
use uuid::Uuid;

use super::level_to_wire;
use crate::App;
use crate::domain::{Level, Method, State, Verification, citizen_name, parse_name, verification_name};

/// Most characters of an action: a short word of our own.
const ACTION_MAX: usize = 64;

/// What StartVerification asks for.
pub(crate) struct Start {
    pub(crate) citizen_id: Uuid,
    pub(crate) method: Method,
    pub(crate) appeal_id: Uuid,
    pub(crate) action: String,
}

/// What ResendCode asks for.
pub(crate) struct Resend {
    pub(crate) id: Uuid,
    pub(crate) method: Option<Method>,
}

/// What ConfirmCode brings.
pub(crate) struct Confirm {
    pub(crate) id: Uuid,
    pub(crate) code: Personal,
}

/// What IssueAssertion asks for.
pub(crate) struct Assert {
    pub(crate) id: Uuid,
    pub(crate) appeal_id: Uuid,
    pub(crate) action: String,
    pub(crate) level: Level,
}

pub(crate) fn start_verification(request: &StartVerificationRequest) -> Result<Start, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let Some(it) = &request.verification else {
        violations.add("verification", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    let citizen_id = name(&mut violations, "verification.citizen", "citizens", &it.citizen);
    let appeal_id = name(&mut violations, "verification.appeal", "appeals", &it.appeal);
    action(&mut violations, "verification.action", &it.action);
    let method = method_of(it.method());
    if method.is_none() {
        violations.add("verification.method", reasons::FIELD_REQUIRED, "must name a method");
    }
    match (citizen_id, method, appeal_id, violations.is_empty()) {
        (Some(citizen_id), Some(method), Some(appeal_id), true) => {
            Ok(Start { citizen_id, method, appeal_id, action: it.action.clone() })
        }
        _ => Err(Refusal::invalid(violations)),
    }
}

pub(crate) fn resend_code(request: &ResendCodeRequest) -> Result<Resend, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let id = name(&mut violations, "name", "verifications", &request.name);
    match (id, violations.is_empty()) {
        (Some(id), true) => Ok(Resend { id, method: method_of(request.method()) }),
        _ => Err(Refusal::invalid(violations)),
    }
}

pub(crate) fn confirm_code(request: &ConfirmCodeRequest) -> Result<Confirm, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let id = name(&mut violations, "name", "verifications", &request.name);
    // A form error costs no try, so a slip of the finger that leaves a letter or half a code is forgiven.
    let digits = request.code.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<Vec<_>>();
    if !(4..=9).contains(&digits.len()) || !digits.iter().all(char::is_ascii_digit) {
        violations.add("code", reasons::FIELD_INVALID, "must be the digits of the code");
    }
    match (id, violations.is_empty()) {
        (Some(id), true) => Ok(Confirm { id, code: Personal::from(request.code.as_str()) }),
        _ => Err(Refusal::invalid(violations)),
    }
}

pub(crate) fn issue_assertion(request: &IssueAssertionRequest) -> Result<Assert, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let id = name(&mut violations, "verification", "verifications", &request.verification);
    let appeal_id = name(&mut violations, "appeal", "appeals", &request.appeal);
    action(&mut violations, "action", &request.action);
    let level = match request.level() {
        AssuranceLevel::Unspecified | AssuranceLevel::None => None,
        AssuranceLevel::Simplified => Some(Level::Simplified),
        AssuranceLevel::Standard => Some(Level::Standard),
        AssuranceLevel::Confirmed => Some(Level::Confirmed),
    };
    if level.is_none() {
        violations.add("level", reasons::FIELD_REQUIRED, "must be a level above NONE");
    }
    match (id, appeal_id, level, violations.is_empty()) {
        (Some(id), Some(appeal_id), Some(level), true) => {
            Ok(Assert { id, appeal_id, action: request.action.clone(), level })
        }
        _ => Err(Refusal::invalid(violations)),
    }
}

/// `now` decides whether a pending one is shown as expired.
pub(crate) fn verification_to_wire(it: &Verification, app: &App, now: Timestamp) -> wire::Verification {
    let code = app.codes.code(it.id, it.generation, app.rules.digits_for(&it.action));
    let state = match it.state {
        State::Pending if it.is_expired(now) => WireState::Expired,
        State::Pending => WireState::Pending,
        State::Confirmed => WireState::Confirmed,
        State::Failed => WireState::Failed,
    };
    let is_pending = it.state == State::Pending;
    let method = match it.method {
        Method::SmsCode => WireMethod::SmsCode,
        Method::EmailCode => WireMethod::EmailCode,
    };
    wire::Verification {
        name: verification_name(it.id),
        citizen: citizen_name(it.citizen_id),
        method: method.into(),
        appeal: format!("appeals/{}", it.appeal_id),
        action: it.action.clone(),
        state: state.into(),
        level: level_to_wire(it.method.level()).into(),
        code_prefix: code.prefix().to_owned(),
        attempts_left: if is_pending { app.rules.attempts - it.attempts } else { 0 },
        resend_time: is_pending.then(|| app.limits.gaps.first().map(|gap| to_wire(it.send_time + *gap))).flatten(),
        expire_time: Some(to_wire(it.use_until_time.unwrap_or(it.code_expire_time))),
        create_time: Some(to_wire(it.create_time)),
        confirm_time: it.confirm_time.map(to_wire),
    }
}

fn method_of(method: WireMethod) -> Option<Method> {
    match method {
        WireMethod::Unspecified => None,
        WireMethod::SmsCode => Some(Method::SmsCode),
        WireMethod::EmailCode => Some(Method::EmailCode),
    }
}

fn name(violations: &mut Violations, path: &'static str, collection: &str, given: &str) -> Option<Uuid> {
    let id = parse_name(collection, given);
    match id {
        None if given.is_empty() => violations.add(path, reasons::FIELD_REQUIRED, "must be given"),
        None => violations.add(path, reasons::FIELD_INVALID, format!("must read {collection}/{{uuid}}")),
        Some(_) => {}
    }
    id
}

fn action(violations: &mut Violations, path: &'static str, given: &str) {
    if given.is_empty() {
        violations.add(path, reasons::FIELD_REQUIRED, "must be given");
    } else if given.len() > ACTION_MAX || !given.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        violations.add(path, reasons::FIELD_INVALID, "must be lower-case letters and underscores, at most 64");
    }
}
