//! Every row of the error table: code, reason, domain and exactly the details it promises.

use std::time::Duration;

use prost::Message;
use rpc::{Refusal, Violations, reasons};
use tonic::{Code, Status};
use tonic_types::pb;

use crate::rig::{DOMAIN, Rig, handler};

#[derive(Clone, Copy)]
struct Stale;

impl proto::Reason for Stale {
    const DOMAIN: &'static str = "contract.otklik";

    fn reason(self) -> &'static str {
        "ETAG_STALE"
    }
}

fn details(status: &Status) -> Vec<(String, Vec<u8>)> {
    let body = pb::Status::decode(status.details()).unwrap();
    assert_eq!(body.code, status.code() as i32);
    assert_eq!(body.message, status.message());
    let name = |url: &str| url.strip_prefix("type.googleapis.com/google.rpc.").unwrap().to_owned();
    body.details.into_iter().map(|any| (name(&any.type_url), any.value)).collect()
}

fn detail<M: Message + Default>(status: &Status, name: &str) -> M {
    let list = details(status);
    let (_, value) = list.iter().find(|(kind, _)| kind == name).unwrap_or_else(|| panic!("no {name} in {list:?}"));
    M::decode(value.as_slice()).unwrap()
}

/// Sends the refusal through a real server and checks what comes out.
async fn row(refusal: fn() -> Refusal, code: Code, reason: &str, kinds: &[&str]) -> Status {
    let rig = Rig::start(handler(move |_, _| async move { Err(refusal()) })).await;
    let status = rig.requeue("calls/1").await.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let info: pb::ErrorInfo = detail(&status, "ErrorInfo");
    assert_eq!(info.reason, reason);
    let mut found: Vec<String> = details(&status).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(found.remove(0), "ErrorInfo");
    assert_eq!(found, kinds, "each kind once and in this order");
    status
}

#[tokio::test]
async fn all_violations_come_at_once() {
    let refusal = || {
        let mut violations = Violations::new();
        violations.add("appeal.contact.phone", reasons::FIELD_INVALID, "must be E.164");
        violations.add("appeal.category", "CATEGORY_UNKNOWN", "is not in the catalogue");
        violations.finish().unwrap_err()
    };
    let status = row(refusal, Code::InvalidArgument, "REQUEST_INVALID", &["BadRequest"]).await;
    let bad: pb::BadRequest = detail(&status, "BadRequest");
    let found: Vec<_> = bad.field_violations.iter().map(|v| (v.field.as_str(), v.reason.as_str())).collect();
    assert_eq!(found, [("appeal.contact.phone", "FIELD_INVALID"), ("appeal.category", "CATEGORY_UNKNOWN")]);
    assert_eq!(bad.field_violations[0].description, "must be E.164");
}

#[tokio::test]
async fn a_reused_request_id_is_named() {
    let status = row(Refusal::request_id_reused, Code::InvalidArgument, "REQUEST_ID_REUSED", &["BadRequest"]).await;
    let bad: pb::BadRequest = detail(&status, "BadRequest");
    assert_eq!(bad.field_violations[0].field, "request_id");
}

#[tokio::test]
async fn resources_are_named() {
    let missing = || Refusal::not_found("APPEAL_NOT_FOUND", "otklik/Appeal", "appeals/1");
    let status = row(missing, Code::NotFound, "APPEAL_NOT_FOUND", &["ResourceInfo"]).await;
    let info: pb::ResourceInfo = detail(&status, "ResourceInfo");
    assert_eq!((info.resource_type.as_str(), info.resource_name.as_str()), ("otklik/Appeal", "appeals/1"));
    let info: pb::ErrorInfo = detail(&status, "ErrorInfo");
    assert_eq!(info.metadata["name"], "appeals/1");
    assert_eq!(info.domain, DOMAIN);
    let exists = || Refusal::exists("MEMBER_EXISTS", "otklik/Member", "staff/7");
    row(exists, Code::AlreadyExists, "MEMBER_EXISTS", &["ResourceInfo"]).await;
}

#[tokio::test]
async fn denials_tell_nothing_more() {
    row(|| Refusal::denied(reasons::NOT_YOURS, "not yours"), Code::PermissionDenied, "NOT_YOURS", &[]).await;
    row(|| Refusal::unauthenticated("ASSERTION_INVALID", "no"), Code::Unauthenticated, "ASSERTION_INVALID", &[]).await;
    row(|| Refusal::too_late("late"), Code::DeadlineExceeded, "DEADLINE_TOO_SHORT", &[]).await;
}

#[tokio::test]
async fn a_precondition_names_its_subject() {
    let refusal = || Refusal::precondition("APPEAL_CLOSED", "appeals/1", "a closed appeal can be reopened");
    let status = row(refusal, Code::FailedPrecondition, "APPEAL_CLOSED", &["PreconditionFailure"]).await;
    let failure: pb::PreconditionFailure = detail(&status, "PreconditionFailure");
    let violation = &failure.violations[0];
    assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), ("STATE", "appeals/1"));
}

#[tokio::test]
async fn a_contract_reason_brings_its_domain() {
    let status = row(|| Refusal::stale(Stale, "read again"), Code::Aborted, "ETAG_STALE", &[]).await;
    let info: pb::ErrorInfo = detail(&status, "ErrorInfo");
    assert_eq!(info.domain, "contract.otklik");
}

#[tokio::test]
async fn what_passes_says_when() {
    let code = || Refusal::exhausted("ATTEMPTS_EXHAUSTED", "verifications/1", Duration::from_secs(90));
    let status = row(code, Code::ResourceExhausted, "ATTEMPTS_EXHAUSTED", &["QuotaFailure", "RetryInfo"]).await;
    let retry: pb::RetryInfo = detail(&status, "RetryInfo");
    assert_eq!(retry.retry_delay.unwrap().seconds, 90);
    let down = || Refusal::from(store::Error::Unavailable("gone".into()));
    row(down, Code::Unavailable, "DATABASE_UNAVAILABLE", &["RetryInfo"]).await;
    let collision = || Refusal::from(store::Error::Conflict("40001".into()));
    row(collision, Code::Aborted, "CONFLICT", &["RetryInfo"]).await;
    assert!(store::Retryable::is_conflict(&collision()));
    assert!(!store::Retryable::is_conflict(&Refusal::stale(Stale, "etag")));
}

#[tokio::test]
async fn texts_and_metadata_travel() {
    let refusal = || Refusal::denied("BLOCKED", "blocked").with("until", "2026").localized("ru-RU", "Заблокировано");
    let status = row(refusal, Code::PermissionDenied, "BLOCKED", &["LocalizedMessage"]).await;
    let text: pb::LocalizedMessage = detail(&status, "LocalizedMessage");
    assert_eq!((text.locale.as_str(), text.message.as_str()), ("ru-RU", "Заблокировано"));
    let info: pb::ErrorInfo = detail(&status, "ErrorInfo");
    assert_eq!(info.metadata["until"], "2026");
}

#[tokio::test]
async fn internal_keeps_its_cause() {
    let refusal = || Refusal::from(store::Error::Constraint { name: "secret_key".into() }).with("secret", "s3cret");
    let status = row(refusal, Code::Internal, "INTERNAL", &["RequestInfo"]).await;
    assert_eq!(status.message(), "internal error");
    assert!(!String::from_utf8_lossy(status.details()).contains("s3cret"));
    let info: pb::RequestInfo = detail(&status, "RequestInfo");
    assert_eq!(status.metadata().get("x-request-id").unwrap().to_str().unwrap(), info.request_id);
}

#[tokio::test]
async fn a_panic_is_internal_and_spares_its_neighbours() {
    let rig = Rig::start(handler(|_, name| async move {
        assert_ne!(name, "panic");
        Ok(())
    }))
    .await;
    let status = rig.requeue("panic").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    let _: pb::RequestInfo = detail(&status, "RequestInfo");
    rig.requeue("calls/1").await.unwrap();
}

/// The shared reasons and every service's `ErrorReason` are one list.
#[test]
fn the_contracts_list_every_shared_reason() {
    let set = prost_types::FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let enums: Vec<_> = set
        .file
        .iter()
        .filter(|file| file.package().starts_with("otklik."))
        .flat_map(|file| file.enum_type.iter().filter(|e| e.name() == "ErrorReason"))
        .collect();
    assert_eq!(enums.len(), 5);
    for reason in reasons::ALL {
        let value = format!("ERROR_REASON_{reason}");
        assert!(enums.iter().all(|e| e.value.iter().any(|v| v.name() == value)), "{reason} is missing in a contract");
    }
}
