//! Types `filing_2` and `filing_call`: what the statement of FileAppeal is given, one value a row.
//!
//! The fields go to Postgres by their place, not by name: they stand in the order of the types.

use deadline::Allowance;
use jiff_sqlx::{Timestamp, ToSqlx};
use outbox::SealedCall;
use serde_json::Value;
use sqlx::Postgres;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Clock, Region, priority_rank};
use crate::store::filing::Filing;

/// A value of `filing_2`.
#[derive(sqlx::Encode)]
pub(super) struct FilingRow<'a> {
    appeal_id: Uuid,
    number: &'a str,
    state: &'a str,
    channel: &'a str,
    category: &'a str,
    kind: &'a str,
    priority: i16,
    queue_group: &'a str,
    required_assurance: &'a str,
    required_action: &'a str,
    citizen_id: Option<Uuid>,
    filed_by: String,
    language_code: &'a str,
    time_zone: &'a str,
    region: Option<&'a str>,
    consent_version: &'a str,
    consent_time: Timestamp,
    subject: &'a [u8],
    description: &'a [u8],
    applicant: &'a [u8],
    contact_phone: &'a [u8],
    contact_email: &'a [u8],
    policy: &'a str,
    policy_version: i32,
    policy_hash: &'a str,
    first_state: &'a str,
    first_epoch: i64,
    first_start_time: Timestamp,
    first_due_time: Option<Timestamp>,
    first_allowance: Json<Allowance>,
    first_calendar: &'a str,
    first_calendar_version: i32,
    resolution_state: &'a str,
    resolution_epoch: i64,
    resolution_start_time: Timestamp,
    resolution_due_time: Option<Timestamp>,
    resolution_allowance: Json<Allowance>,
    resolution_calendar: &'a str,
    resolution_calendar_version: i32,
    acceptance: Option<Json<&'a Clock>>,
    expected_time: Option<Timestamp>,
    create_time: Timestamp,
    queue_level: i16,
    event_no: i64,
    event_type: &'a str,
    event_actor: &'a str,
    event_data: Json<&'a Value>,
    caller: &'a str,
    request_id: Uuid,
    fingerprint: &'a [u8],
    response: &'a [u8],
}

/// A value of `filing_call`.
#[derive(sqlx::Encode)]
pub(super) struct CallRow<'a> {
    call_of: Uuid,
    call_id: Uuid,
    destination: &'a str,
    ordering_key: &'a str,
    method: &'a str,
    request: &'a [u8],
    note: Json<&'a Value>,
    expire_time: Option<Timestamp>,
    trace_context: Option<&'a str>,
}

// === impl FilingRow ===

impl<'a> FilingRow<'a> {
    pub(super) fn of(it: &'a Filing) -> Self {
        let (appeal, noted) = (&it.appeal, &it.noted);
        let (first, resolution) = (&appeal.first_answer, &appeal.resolution);
        Self {
            appeal_id: appeal.id,
            number: appeal.number.compact(),
            state: appeal.state.as_str(),
            channel: appeal.channel.as_str(),
            category: &appeal.category,
            kind: appeal.kind.as_str(),
            priority: priority_rank(appeal.priority),
            queue_group: &appeal.group,
            required_assurance: appeal.required_assurance.as_str(),
            required_action: &appeal.required_action,
            citizen_id: appeal.citizen,
            filed_by: appeal.filed_by.to_string(),
            language_code: appeal.language.as_str(),
            time_zone: appeal.time_zone.as_str(),
            region: appeal.region.as_ref().map(Region::as_str),
            consent_version: &it.consent.version,
            consent_time: it.consent.agree_time.to_sqlx(),
            subject: &it.subject,
            description: &it.description,
            applicant: &it.applicant,
            contact_phone: &it.contact_phone,
            contact_email: &it.contact_email,
            policy: &appeal.promise.policy,
            policy_version: it.policy_version,
            policy_hash: &appeal.promise.set_hash,
            first_state: first.state.as_str(),
            first_epoch: first.epoch,
            first_start_time: first.start_time.to_sqlx(),
            first_due_time: first.due_time.map(ToSqlx::to_sqlx),
            first_allowance: Json(first.allowance),
            first_calendar: &first.calendar,
            first_calendar_version: it.first_calendar_version,
            resolution_state: resolution.state.as_str(),
            resolution_epoch: resolution.epoch,
            resolution_start_time: resolution.start_time.to_sqlx(),
            resolution_due_time: resolution.due_time.map(ToSqlx::to_sqlx),
            resolution_allowance: Json(resolution.allowance),
            resolution_calendar: &resolution.calendar,
            resolution_calendar_version: it.resolution_calendar_version,
            acceptance: appeal.acceptance.as_ref().map(Json),
            expected_time: appeal.expected_time.map(ToSqlx::to_sqlx),
            create_time: appeal.create_time.to_sqlx(),
            queue_level: appeal.queue_level.rank(),
            event_no: it.event_no,
            event_type: it.event_kind,
            event_actor: &it.actor,
            event_data: Json(&it.data),
            caller: &noted.caller,
            request_id: noted.request_id,
            fingerprint: &noted.fingerprint,
            response: &noted.response,
        }
    }
}

impl sqlx::Type<Postgres> for FilingRow<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("filing_2")
    }
}

impl PgHasArrayType for FilingRow<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("filing_2")
    }
}

// === impl CallRow ===

impl<'a> CallRow<'a> {
    pub(super) fn of(appeal: Uuid, it: &'a SealedCall) -> Self {
        Self {
            call_of: appeal,
            call_id: it.call_id,
            destination: it.destination,
            ordering_key: &it.key,
            method: it.method,
            request: &it.request,
            note: Json(&it.note),
            expire_time: it.expire_time.map(ToSqlx::to_sqlx),
            trace_context: it.trace_context.as_deref(),
        }
    }
}

impl sqlx::Type<Postgres> for CallRow<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("filing_call")
    }
}

impl PgHasArrayType for CallRow<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("filing_call")
    }
}
