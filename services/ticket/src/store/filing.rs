//! The one statement of FileAppeal: request ids, appeals, first events and calls of as many filings as came together. Round trips and commits
//! decide how many can be filed; this is one of each, for all of them.

use deadline::Allowance;
use jiff_sqlx::{Timestamp, ToSqlx};
use outbox::{Noted, SealedCall};
use sealed::Ring;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use store::Error;
use uuid::Uuid;

use crate::domain::{Appeal, Consent, Papers, Recorded, priority_rank};
use crate::store::appeal_row::place;
use crate::store::{applicant, event};

/// One filing as it is written: sealed, with the answer it will get.
pub struct Filing {
    appeal: Appeal,
    consent: Consent,
    subject: Vec<u8>,
    description: Vec<u8>,
    applicant: Vec<u8>,
    contact_phone: Vec<u8>,
    contact_email: Vec<u8>,
    policy_version: i32,
    first_calendar_version: i32,
    resolution_calendar_version: i32,
    event_no: i64,
    event_kind: &'static str,
    actor: String,
    data: Value,
    noted: Noted,
    calls: Vec<SealedCall>,
}

impl Filing {
    /// What is written of a new appeal whose journal begins with `filed`.
    ///
    /// # Errors
    /// A value that has no stored form.
    pub fn new(
        ring: &Ring,
        appeal: Appeal,
        papers: &Papers,
        filed: &Recorded,
        noted: Noted,
        calls: Vec<SealedCall>,
    ) -> Result<Self, Error> {
        let version = |version: u32| i32::try_from(version).map_err(event::unfit);
        let id = &appeal.id;
        Ok(Filing {
            consent: papers.consent.clone(),
            subject: ring.seal_text(place("subject", id), papers.subject.personal()),
            description: ring.seal_text(place("description", id), papers.description.personal()),
            applicant: ring.seal(place("applicant", id), &applicant::write(&papers.applicant)?),
            contact_phone: ring.seal_text(place("contact_phone", id), papers.contact.phone.personal()),
            contact_email: ring.seal_text(place("contact_email", id), papers.contact.email.personal()),
            policy_version: version(appeal.promise.set_version)?,
            first_calendar_version: version(appeal.first_answer.calendar_version)?,
            resolution_calendar_version: version(appeal.resolution.calendar_version)?,
            event_no: filed.number,
            event_kind: filed.event.kind(),
            actor: filed.actor.to_string(),
            data: event::data(filed)?,
            noted,
            calls,
            appeal,
        })
    }

    /// The new appeal's id.
    pub fn id(&self) -> Uuid {
        self.appeal.id
    }

    /// The request that asked for it.
    pub fn noted(&self) -> &Noted {
        &self.noted
    }

    /// What other services are told.
    pub fn calls(&self) -> &[SealedCall] {
        &self.calls
    }
}

/// Writes filings whose request ids differ, and answers the ids of the new appeals: a filing whose request was noted before is left out
/// altogether. It waits for a transaction that is noting the same request, and goes by its end; the order of the ids keeps two groups from
/// waiting for each other.
///
/// The calls need no look at their keys: an appeal that is only just filed has none yet.
///
/// # Errors
/// Constraint `appeal_number_key` when a number is taken; those of any statement. Nothing was written then, of any of them.
pub async fn insert(connection: &mut PgConnection, filings: &[&Filing]) -> Result<Vec<Uuid>, Error> {
    let calls: Vec<(Uuid, &SealedCall)> =
        filings.iter().flat_map(|it| it.calls.iter().map(|call| (it.appeal.id, call))).collect();
    let Some(method) = filings.first().map(|it| it.noted.method) else { return Ok(Vec::new()) };
    let filed = sqlx::query_scalar!(
        "-- filing_insert()
        WITH given AS (SELECT * FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[], $9::text[],
            $10::text[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::text[], $16::timestamptz[], $17::bytea[],
            $18::bytea[], $19::bytea[], $20::bytea[], $21::bytea[], $22::text[], $23::integer[], $24::text[], $25::text[],
            $26::bigint[], $27::timestamptz[], $28::timestamptz[], $29::jsonb[], $30::text[], $31::integer[], $32::text[],
            $33::bigint[], $34::timestamptz[], $35::timestamptz[], $36::jsonb[], $37::text[], $38::integer[],
            $39::timestamptz[], $40::timestamptz[], $41::smallint[], $42::bigint[], $43::text[], $44::text[], $45::jsonb[],
            $46::text[], $47::uuid[], $48::bytea[], $49::bytea[])
            AS given (
            appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
            citizen_id, filed_by, language_code, time_zone, consent_version, consent_time, subject, description, applicant,
            contact_phone, contact_email, policy, policy_version, policy_hash, first_state, first_epoch, first_start_time,
            first_due_time, first_allowance, first_calendar, first_calendar_version, resolution_state, resolution_epoch,
            resolution_start_time, resolution_due_time, resolution_allowance, resolution_calendar, resolution_calendar_version,
            expected_time, create_time, queue_level, event_no, event_type, event_actor, event_data, caller, request_id,
            fingerprint, response)
        ), noted AS (
            INSERT INTO request_id (caller, method, request_id, fingerprint, response, create_time)
            SELECT caller, $59, request_id, fingerprint, response, create_time FROM given ORDER BY caller, request_id
            ON CONFLICT (caller, method, request_id) DO NOTHING RETURNING caller, request_id
        ), filed AS (
            SELECT given.* FROM given JOIN noted USING (caller, request_id)
        ), appeals AS (
            INSERT INTO appeal (
                appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
                citizen_id, filed_by, language_code, time_zone, consent_version, consent_time, subject, description, applicant,
                contact_phone, contact_email, policy, policy_version, policy_hash, first_state, first_epoch, first_start_time,
                first_due_time, first_allowance, first_calendar, first_calendar_version, resolution_state, resolution_epoch,
                resolution_start_time, resolution_due_time, resolution_allowance, resolution_calendar,
                resolution_calendar_version, expected_time, create_time, queue_level,
                first_level, resolution_level, escalation_level, update_time, revision, version, last_event_no, last_message_no,
                last_suspension_no)
            SELECT
                appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
                citizen_id, filed_by, language_code, time_zone, consent_version, consent_time, subject, description, applicant,
                contact_phone, contact_email, policy, policy_version, policy_hash, first_state, first_epoch, first_start_time,
                first_due_time, first_allowance, first_calendar, first_calendar_version, resolution_state, resolution_epoch,
                resolution_start_time, resolution_due_time, resolution_allowance, resolution_calendar,
                resolution_calendar_version, expected_time, create_time, queue_level,
                0, 0, 0, create_time, event_no, event_no, event_no, 0, 0
            FROM filed
        ), events AS (
            INSERT INTO appeal_event (appeal_id, event_no, type, event_time, actor, state, data)
            SELECT appeal_id, event_no, event_type, create_time, event_actor, state, event_data FROM filed
        ), call AS (
            SELECT call.*, create_time,
                row_number() OVER (PARTITION BY destination, ordering_key ORDER BY position) AS seq
            FROM unnest(
                $50::uuid[], $51::uuid[], $52::text[], $53::text[], $54::text[], $55::bytea[], $56::jsonb[], $57::timestamptz[], $58::text[])
                WITH ORDINALITY AS call (
                call_of, call_id, destination, ordering_key, method, request, note, expire_time, trace_context, position)
            JOIN filed ON appeal_id = call_of
        ), keys AS (
            INSERT INTO outbox_key (destination, ordering_key, last_seq, finished_seq)
            SELECT destination, ordering_key, count(*), 0 FROM call GROUP BY destination, ordering_key
        ), calls AS (
            INSERT INTO outbox (call_id, destination, ordering_key, seq, head, state, method, request, note, trace_context,
                create_time, attempts, next_attempt_time, expire_time)
            SELECT call_id, destination, ordering_key, seq, seq = 1, 'waiting', method, request, note, trace_context,
                create_time, 0, create_time, expire_time
            FROM call
        )
        SELECT appeal_id AS \"appeal_id!\" FROM filed",
        &column(filings, |it| it.appeal.id),
        &column(filings, |it| it.appeal.number.compact()) as &[&str],
        &column(filings, |it| it.appeal.state.as_str()) as &[&str],
        &column(filings, |it| it.appeal.channel.as_str()) as &[&str],
        &column(filings, |it| &*it.appeal.category) as &[&str],
        &column(filings, |it| it.appeal.kind.as_str()) as &[&str],
        &column(filings, |it| priority_rank(it.appeal.priority)),
        &column(filings, |it| &*it.appeal.group) as &[&str],
        &column(filings, |it| it.appeal.required_assurance.as_str()) as &[&str],
        &column(filings, |it| &*it.appeal.required_action) as &[&str],
        &column(filings, |it| it.appeal.citizen) as &[Option<Uuid>],
        &column(filings, |it| it.appeal.filed_by.to_string()),
        &column(filings, |it| it.appeal.language.as_str()) as &[&str],
        &column(filings, |it| it.appeal.time_zone.as_str()) as &[&str],
        &column(filings, |it| &*it.consent.version) as &[&str],
        &column(filings, |it| it.consent.agree_time.to_sqlx()) as &[Timestamp],
        &column(filings, |it| &*it.subject) as &[&[u8]],
        &column(filings, |it| &*it.description) as &[&[u8]],
        &column(filings, |it| &*it.applicant) as &[&[u8]],
        &column(filings, |it| &*it.contact_phone) as &[&[u8]],
        &column(filings, |it| &*it.contact_email) as &[&[u8]],
        &column(filings, |it| &*it.appeal.promise.policy) as &[&str],
        &column(filings, |it| it.policy_version),
        &column(filings, |it| &*it.appeal.promise.set_hash) as &[&str],
        &column(filings, |it| it.appeal.first_answer.state.as_str()) as &[&str],
        &column(filings, |it| it.appeal.first_answer.epoch),
        &column(filings, |it| it.appeal.first_answer.start_time.to_sqlx()) as &[Timestamp],
        &column(filings, |it| it.appeal.first_answer.due_time.map(ToSqlx::to_sqlx)) as &[Option<Timestamp>],
        &column(filings, |it| Json(it.appeal.first_answer.allowance)) as &[Json<Allowance>],
        &column(filings, |it| &*it.appeal.first_answer.calendar) as &[&str],
        &column(filings, |it| it.first_calendar_version),
        &column(filings, |it| it.appeal.resolution.state.as_str()) as &[&str],
        &column(filings, |it| it.appeal.resolution.epoch),
        &column(filings, |it| it.appeal.resolution.start_time.to_sqlx()) as &[Timestamp],
        &column(filings, |it| it.appeal.resolution.due_time.map(ToSqlx::to_sqlx)) as &[Option<Timestamp>],
        &column(filings, |it| Json(it.appeal.resolution.allowance)) as &[Json<Allowance>],
        &column(filings, |it| &*it.appeal.resolution.calendar) as &[&str],
        &column(filings, |it| it.resolution_calendar_version),
        &column(filings, |it| it.appeal.expected_time.map(ToSqlx::to_sqlx)) as &[Option<Timestamp>],
        &column(filings, |it| it.appeal.create_time.to_sqlx()) as &[Timestamp],
        &column(filings, |it| it.appeal.queue_level.rank()),
        &column(filings, |it| it.event_no),
        &column(filings, |it| it.event_kind) as &[&str],
        &column(filings, |it| &*it.actor) as &[&str],
        &column(filings, |it| it.data.clone()),
        &column(filings, |it| &*it.noted.caller) as &[&str],
        &column(filings, |it| it.noted.request_id),
        &column(filings, |it| &*it.noted.fingerprint) as &[&[u8]],
        &column(filings, |it| &*it.noted.response) as &[&[u8]],
        &column(&calls, |(id, _)| *id),
        &column(&calls, |(_, it)| it.call_id),
        &column(&calls, |(_, it)| it.destination) as &[&str],
        &column(&calls, |(_, it)| &*it.key) as &[&str],
        &column(&calls, |(_, it)| it.method) as &[&str],
        &column(&calls, |(_, it)| &*it.request) as &[&[u8]],
        &column(&calls, |(_, it)| it.note.clone()),
        &column(&calls, |(_, it)| it.expire_time.map(ToSqlx::to_sqlx)) as &[Option<Timestamp>],
        &column(&calls, |(_, it)| it.trace_context.as_deref()) as &[Option<&str>],
        method
    )
    .fetch_all(connection)
    .await?;
    Ok(filed)
}

/// One column of the rows, as `unnest` wants it.
fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

impl std::fmt::Debug for Filing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filing").field("appeal", &self.appeal.id).finish_non_exhaustive()
    }
}
