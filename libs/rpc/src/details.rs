//! Error details as `google.rpc.Status` carries them (AIP-193). The messages are tonic-types' own; only the packing is here, since its
//! richer API has no field for the reason of a single field violation.

use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::violations::Violation;

/// What a refusal carries besides `ErrorInfo`; each kind at most once.
#[derive(Debug, Default)]
pub(crate) struct Details {
    pub violations: Vec<Violation>,
    pub precondition: Option<(String, String)>,
    pub quota: Option<(String, String)>,
    pub resource: Option<(String, String)>,
    pub retry_after: Option<Duration>,
    pub request_id: Option<String>,
    pub localized: Option<(String, String)>,
}

/// Builds the status. `message` is for developers, in English, and holds nothing personal.
pub(crate) fn status(
    code: Code,
    message: String,
    domain: &str,
    reason: &str,
    metadata: BTreeMap<String, String>,
    details: Details,
) -> Status {
    let mut list = vec![any(
        "ErrorInfo",
        &pb::ErrorInfo { reason: reason.into(), domain: domain.into(), metadata: metadata.into_iter().collect() },
    )];
    if !details.violations.is_empty() {
        let field_violations = details.violations.into_iter().map(field_violation).collect();
        list.push(any("BadRequest", &pb::BadRequest { field_violations }));
    }
    if let Some((subject, description)) = details.precondition {
        let violation = pb::precondition_failure::Violation { r#type: "STATE".into(), subject, description };
        list.push(any("PreconditionFailure", &pb::PreconditionFailure { violations: vec![violation] }));
    }
    if let Some((subject, description)) = details.quota {
        let violation = pb::quota_failure::Violation { subject, description, ..Default::default() };
        list.push(any("QuotaFailure", &pb::QuotaFailure { violations: vec![violation] }));
    }
    if let Some((resource_type, resource_name)) = details.resource {
        let info = pb::ResourceInfo { resource_type, resource_name, ..Default::default() };
        list.push(any("ResourceInfo", &info));
    }
    if let Some(delay) = details.retry_after {
        list.push(any("RetryInfo", &pb::RetryInfo { retry_delay: prost_types::Duration::try_from(delay).ok() }));
    }
    if let Some(request_id) = details.request_id {
        list.push(any("RequestInfo", &pb::RequestInfo { request_id, serving_data: String::new() }));
    }
    if let Some((locale, message)) = details.localized {
        list.push(any("LocalizedMessage", &pb::LocalizedMessage { locale, message }));
    }
    let body = pb::Status { code: code as i32, message: message.clone(), details: list };
    Status::with_details(code, message, body.encode_to_vec().into())
}

fn field_violation(violation: Violation) -> pb::bad_request::FieldViolation {
    pb::bad_request::FieldViolation {
        field: violation.field,
        description: violation.text.into_owned(),
        reason: violation.reason.into(),
        localized_message: None,
    }
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("type.googleapis.com/google.rpc.{name}"), value: message.encode_to_vec() }
}
