//! The one statement of FileAppeal: appeal and first event together, since round trips decide how many can be filed.

use jiff_sqlx::ToSqlx;
use sealed::Ring;
use sqlx::types::Json;
use store::{Error, Tx};

use crate::domain::{Appeal, Papers, Recorded, priority_rank};
use crate::store::appeal_row::place;
use crate::store::{applicant, event};

/// Adds an appeal with its first event. `false` when another appeal has the number: nothing was added, and the transaction goes on.
///
/// # Errors
/// Those of any statement.
pub async fn insert(
    tx: &mut Tx,
    ring: &Ring,
    appeal: &Appeal,
    papers: &Papers,
    filed: &Recorded,
) -> Result<bool, Error> {
    let id = &appeal.id;
    let (first, resolution) = (&appeal.first_answer, &appeal.resolution);
    let set_version = i32::try_from(appeal.promise.set_version).map_err(event::unfit)?;
    let calendar_version = |version: u32| i32::try_from(version).map_err(event::unfit);
    let done = sqlx::query!(
        "-- filing_insert()
        WITH filed AS (INSERT INTO appeal (appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance,
            required_action,
            citizen_id, filed_by, language_code, time_zone, consent_version, consent_time,
            subject, description, applicant, contact_phone, contact_email, policy, policy_version, policy_hash,
            first_state, first_epoch, first_start_time, first_due_time, first_allowance, first_calendar,
            first_calendar_version, first_level,
            resolution_state, resolution_epoch, resolution_start_time, resolution_due_time, resolution_allowance,
            resolution_calendar, resolution_calendar_version, resolution_level,
            expected_time, create_time, update_time, escalation_level, queue_level, revision, version, last_event_no,
            last_message_no, last_suspension_no)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $46, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25, $26, $27, $28, $29, $30, 0, $31, $32, $33, $34, $35, $36, $37, 0, $38, $39, $39, 0, $40,
            $41, $41, $41, 0, 0)
        ON CONFLICT ON CONSTRAINT appeal_number_key DO NOTHING RETURNING appeal_id)
        INSERT INTO appeal_event (appeal_id, event_no, type, event_time, actor, state, data)
        SELECT appeal_id, $41, $42, $43, $44, $3, $45 FROM filed",
        id,
        appeal.number.compact(),
        appeal.state.as_str(),
        appeal.channel.as_str(),
        appeal.category,
        appeal.kind.as_str(),
        priority_rank(appeal.priority),
        appeal.group,
        appeal.required_assurance.as_str(),
        appeal.citizen,
        appeal.filed_by.to_string(),
        appeal.language.as_str(),
        appeal.time_zone.as_str(),
        papers.consent.version,
        papers.consent.agree_time.to_sqlx(),
        ring.seal_text(place("subject", id), papers.subject.personal()),
        ring.seal_text(place("description", id), papers.description.personal()),
        ring.seal(place("applicant", id), &applicant::write(&papers.applicant)?),
        ring.seal_text(place("contact_phone", id), papers.contact.phone.personal()),
        ring.seal_text(place("contact_email", id), papers.contact.email.personal()),
        appeal.promise.policy,
        set_version,
        appeal.promise.set_hash,
        first.state.as_str(),
        first.epoch,
        first.start_time.to_sqlx(),
        first.due_time.map(ToSqlx::to_sqlx) as _,
        Json(first.allowance) as _,
        first.calendar,
        calendar_version(first.calendar_version)?,
        resolution.state.as_str(),
        resolution.epoch,
        resolution.start_time.to_sqlx(),
        resolution.due_time.map(ToSqlx::to_sqlx) as _,
        Json(resolution.allowance) as _,
        resolution.calendar,
        calendar_version(resolution.calendar_version)?,
        appeal.expected_time.map(ToSqlx::to_sqlx) as _,
        appeal.create_time.to_sqlx(),
        appeal.queue_level.rank(),
        filed.number,
        filed.event.kind(),
        filed.time.to_sqlx(),
        filed.actor.to_string(),
        event::data(filed)?,
        appeal.required_action
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
