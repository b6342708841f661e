//! Requests that only name an appeal.

use proto::ticket::v1::{self as wire, ErrorReason};
use rpc::Refusal;
use uuid::Uuid;

use super::form::Form;
use crate::domain::{NameError, Number, parse_appeal, parse_citizen, parse_staff};

/// The appeal asked for.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn get_appeal(request: &wire::GetAppealRequest) -> Result<Uuid, Refusal> {
    let mut form = Form::new();
    let id = appeal(&mut form, "name", &request.name);
    form.finish(id)
}

/// The number asked for (T2).
///
/// # Errors
/// INVALID_ARGUMENT, with NUMBER_INVALID on `number`.
pub fn find_appeal(request: &wire::FindAppealRequest) -> Result<Number, Refusal> {
    let mut form = Form::new();
    let number = if request.number.trim().is_empty() {
        form.missing("number");
        None
    } else {
        Number::parse(&request.number).map_err(|rule| form.fault("number", ErrorReason::NumberInvalid, rule)).ok()
    };
    form.finish(number)
}

pub(super) fn appeal(form: &mut Form, path: &str, name: &str) -> Option<Uuid> {
    form.required(path, name, |name| parse_appeal(name).map_err(rule))
}

pub(super) fn citizen(form: &mut Form, path: &str, name: &str) -> Option<Option<Uuid>> {
    form.optional(path, name, |name| parse_citizen(name).map_err(rule))
}

pub(super) fn member(form: &mut Form, path: &str, name: &str) -> Option<String> {
    form.required(path, name, |name| parse_staff(name).map_err(rule))
}

pub(super) fn rule(error: NameError) -> &'static str {
    error.0
}
