//! The one statement of FileAppeal: request ids, appeals, first events and calls of as many filings as came together. Round trips and commits
//! decide how many can be filed; this is one of each, for all of them.

use outbox::{Noted, SealedCall};
use sealed::Ring;
use serde_json::Value;
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use crate::domain::{Appeal, Consent, Papers, Recorded};
use crate::store::appeal_row::place;
use crate::store::filing_row::{CallRow, FilingRow};
use crate::store::{applicant, event};

/// One filing as it is written: sealed, with the answer it will get.
pub struct Filing {
    pub(super) appeal: Appeal,
    pub(super) consent: Consent,
    pub(super) subject: Vec<u8>,
    pub(super) description: Vec<u8>,
    pub(super) applicant: Vec<u8>,
    pub(super) contact_phone: Vec<u8>,
    pub(super) contact_email: Vec<u8>,
    pub(super) policy_version: i32,
    pub(super) first_calendar_version: i32,
    pub(super) resolution_calendar_version: i32,
    pub(super) event_no: i64,
    pub(super) event_kind: &'static str,
    pub(super) actor: String,
    pub(super) data: Value,
    pub(super) noted: Noted,
    pub(super) calls: Vec<SealedCall>,
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
    let Some(method) = filings.first().map(|it| it.noted.method) else { return Ok(Vec::new()) };
    let calls = filings.iter().flat_map(|it| it.calls.iter().map(|call| CallRow::of(it.appeal.id, call)));
    let calls: Vec<CallRow<'_>> = calls.collect();
    let rows: Vec<FilingRow<'_>> = filings.iter().map(|it| FilingRow::of(it)).collect();
    let filed = sqlx::query_scalar!(
        "-- filing_insert()
        WITH given AS (
            SELECT * FROM unnest($1::filing_2[])
        ), noted AS (
            INSERT INTO request_id (caller, method, request_id, fingerprint, response, create_time)
            SELECT caller, $3, request_id, fingerprint, response, create_time FROM given ORDER BY caller, request_id
            ON CONFLICT (caller, method, request_id) DO NOTHING RETURNING caller, request_id
        ), filed AS (
            SELECT given.* FROM given JOIN noted USING (caller, request_id)
        ), appeals AS (
            INSERT INTO appeal (
                appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
                citizen_id, filed_by, language_code, time_zone, region, consent_version, consent_time, subject, description, applicant,
                contact_phone, contact_email, policy, policy_version, policy_hash, first_state, first_epoch, first_start_time,
                first_due_time, first_allowance, first_calendar, first_calendar_version, resolution_state, resolution_epoch,
                resolution_start_time, resolution_due_time, resolution_allowance, resolution_calendar,
                resolution_calendar_version, acceptance, expected_time, create_time, queue_level,
                first_level, resolution_level, escalation_level, update_time, revision, version, last_event_no, last_message_no,
                last_suspension_no)
            SELECT
                appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
                citizen_id, filed_by, language_code, time_zone, region, consent_version, consent_time, subject, description, applicant,
                contact_phone, contact_email, policy, policy_version, policy_hash, first_state, first_epoch, first_start_time,
                first_due_time, first_allowance, first_calendar, first_calendar_version, resolution_state, resolution_epoch,
                resolution_start_time, resolution_due_time, resolution_allowance, resolution_calendar,
                resolution_calendar_version, acceptance, expected_time, create_time, queue_level,
                0, 0, 0, create_time, event_no, event_no, event_no, 0, 0
            FROM filed
        ), events AS (
            INSERT INTO appeal_event (appeal_id, event_no, type, event_time, actor, state, data)
            SELECT appeal_id, event_no, event_type, create_time, event_actor, state, event_data FROM filed
        ), call AS (
            SELECT call.*, create_time,
                row_number() OVER (PARTITION BY destination, ordering_key ORDER BY position) AS seq
            FROM unnest($2::filing_call[]) WITH ORDINALITY AS call (
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
        &rows as &[FilingRow<'_>],
        &calls as &[CallRow<'_>],
        method
    )
    .fetch_all(connection)
    .await?;
    Ok(filed)
}

impl std::fmt::Debug for Filing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filing").field("appeal", &self.appeal.id).finish_non_exhaustive()
    }
}
