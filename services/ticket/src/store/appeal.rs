//! Table `appeal`: reading one, and writing what a command changed.

use jiff_sqlx::{Timestamp, ToSqlx};
use sealed::Ring;
use sqlx::types::Json;
use store::{Db, Error, Tx};
use uuid::Uuid;

use crate::domain::{Appeal, Number, Papers};
use crate::store::appeal_row::AppealRow;
use crate::store::suspension;

/// An appeal with what people wrote.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What decisions are made on.
    pub appeal: Appeal,
    /// What people wrote; personal.
    pub papers: Papers,
}

/// A statement that reads whole appeals with their ledgers: its name, what comes after `FROM appeal`, its parameters.
///
/// Row and ledger come by one statement, hence from one snapshot: by two, a pause or its end that is committed between them gives a row
/// and a ledger that never were together. Most appeals were never suspended; for them the ledger is not looked at.
macro_rules! select_appeals {
    ($name:literal, $rest:literal $(, $argument:expr)* $(,)?) => {
        $crate::store::appeal::appeal_columns!(
            r#"CASE WHEN last_suspension_no > 0 THEN (
                SELECT jsonb_agg(jsonb_build_object('start_time', start_time, 'end_time', end_time, 'resume_time', resume_time, 'remind_time', remind_time,
                    'reason', reason, 'actor', actor)
                    ORDER BY suspension_no)
                FROM suspension WHERE suspension.appeal_id = appeal.appeal_id) END"#,
            $name, $rest $(, $argument)*
        )
    };
}
pub(super) use select_appeals;

/// As [`select_appeals`] for statements that lock, which may wait for the lock: the row is then as it is after the wait, and all else
/// that the statement reads as it was before. So it reads no ledger; [`whole`] does, by a statement of its own.
macro_rules! select_locked {
    ($name:literal, $rest:literal $(, $argument:expr)* $(,)?) => {
        $crate::store::appeal::appeal_columns!("NULL::jsonb", $name, $rest $(, $argument)*)
    };
}
pub(super) use select_locked;

/// The columns stand here once.
macro_rules! appeal_columns {
    ($ledger:literal, $name:literal, $rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            $crate::store::appeal_row::AppealRow,
            $name + r#"
        SELECT appeal_id, number, state, channel, category, kind, priority, queue_group, required_assurance, required_action,
            confirmed, confirmed_citizen_id, citizen_id, filed_by, language_code, time_zone, region, consent_version, consent_time,
            subject, description, applicant, contact_phone, contact_email,
            policy, policy_version, policy_hash,
            first_state, first_epoch, first_start_time, first_due_time,
            first_allowance AS "first_allowance: sqlx::types::Json<deadline::Allowance>",
            first_calendar, first_calendar_version, first_end_time, first_level,
            resolution_state, resolution_epoch, resolution_start_time, resolution_start_epoch, resolution_due_time,
            resolution_allowance AS "resolution_allowance: sqlx::types::Json<deadline::Allowance>",
            resolution_calendar, resolution_calendar_version, resolution_end_time, resolution_level,
            expected_time, create_time, update_time, resolve_time, escalation_level, acknowledge_time, assignee, queue_level,
            answer_message_no, revision, version, last_event_no, last_message_no, last_suspension_no,
            acceptance AS "acceptance: sqlx::types::Json<crate::domain::Clock>",
            next_answer AS "next_answer: sqlx::types::Json<crate::domain::Clock>",
            other_body AS "other_body: sqlx::types::Json<crate::domain::Clock>",
            extensions AS "extensions: sqlx::types::Json<Vec<crate::domain::Extension>>",
            "# + $ledger + r#" AS "ledger: crate::store::suspension::Ledger"
        FROM appeal "# + $rest
            $(, $argument)*
        )
    };
}
pub(super) use appeal_columns;

/// Reads an appeal and locks it until the transaction ends: every command on an appeal begins so, and waits here for its turn.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn lock(tx: &mut Tx, ring: &Ring, id: Uuid) -> Result<Option<Stored>, Error> {
    let row =
        select_locked!("-- appeal_lock()", "WHERE appeal_id = $1 FOR UPDATE", id).fetch_optional(&mut **tx).await?;
    match row {
        Some(row) => whole(tx, ring, row).await.map(Some),
        None => Ok(None),
    }
}

/// Reads an appeal as it is now.
///
/// # Errors
/// As [`lock`].
pub async fn get(db: &Db, ring: &Ring, id: Uuid) -> Result<Option<Stored>, Error> {
    let row = select_appeals!("-- appeal_get()", "WHERE appeal_id = $1", id).fetch_optional(db.pool()).await?;
    row.map(|row| read(ring, row)).transpose()
}

/// The number of the last entry in each appeal's journal.
///
/// # Errors
/// Those of any statement.
pub async fn last_events(db: &Db, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, Error> {
    let rows = sqlx::query!(
        "-- appeal_last_events()\nSELECT appeal_id, last_event_no FROM appeal WHERE appeal_id = ANY($1)",
        ids
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(|row| (row.appeal_id, row.last_event_no)).collect())
}

/// Reads the appeal of a number.
///
/// # Errors
/// As [`lock`].
pub async fn find(db: &Db, ring: &Ring, number: &Number) -> Result<Option<Stored>, Error> {
    let row =
        select_appeals!("-- appeal_find()", "WHERE number = $1", number.compact()).fetch_optional(db.pool()).await?;
    row.map(|row| read(ring, row)).transpose()
}

/// What [`select_appeals`] read.
pub(super) fn read(ring: &Ring, mut row: AppealRow) -> Result<Stored, Error> {
    let suspensions = suspension::ledger(row.ledger.take().map(|json| json.0).unwrap_or_default())?;
    let papers = row.papers(ring)?;
    Ok(Stored { appeal: row.appeal(suspensions)?, papers })
}

/// The locked row with its ledger. Most appeals were never suspended; they cost no further statement.
pub(super) async fn whole(tx: &mut Tx, ring: &Ring, row: AppealRow) -> Result<Stored, Error> {
    let suspensions = if row.last_suspension_no > 0 { suspension::of(tx, row.appeal_id).await? } else { Vec::new() };
    let papers = row.papers(ring)?;
    Ok(Stored { appeal: row.appeal(suspensions)?, papers })
}

/// Writes everything of a locked appeal that can change after its filing. One statement, and one more when the ledger grew or closed.
///
/// # Errors
/// Those of any statement.
pub async fn save(tx: &mut Tx, before: &Appeal, after: &Appeal) -> Result<(), Error> {
    let time = |time: Option<jiff::Timestamp>| -> Option<Timestamp> { time.map(ToSqlx::to_sqlx) };
    // Most appeals are never extended; they have nothing there.
    let extensions = (!after.extensions.is_empty()).then_some(Json(&after.extensions));
    let (first, resolution) = (&after.first_answer, &after.resolution);
    sqlx::query!(
        "-- appeal_save()
        UPDATE appeal SET state = $2, confirmed = $3, confirmed_citizen_id = $27,
            first_state = $4, first_epoch = $5, first_due_time = $6, first_end_time = $7, first_level = $8,
            resolution_state = $9, resolution_epoch = $10, resolution_due_time = $11, resolution_end_time = $12,
            resolution_level = $13,
            expected_time = $14, update_time = $15, resolve_time = $16, escalation_level = $17, acknowledge_time = $18,
            assignee = $19, queue_level = $20, answer_message_no = $21,
            extensions = $28, next_answer = $29, acceptance = $30, other_body = $31,
            revision = $22, version = $23, last_event_no = $24, last_message_no = $25, last_suspension_no = $26
        WHERE appeal_id = $1",
        after.id,
        after.state.as_str(),
        after.confirmed.map(|level| level.as_str()),
        first.state.as_str(),
        first.epoch,
        time(first.due_time) as _,
        time(first.end_time) as _,
        i16::from(first.acted_level),
        resolution.state.as_str(),
        resolution.epoch,
        time(resolution.due_time) as _,
        time(resolution.end_time) as _,
        i16::from(resolution.acted_level),
        time(after.expected_time) as _,
        after.update_time.to_sqlx(),
        time(after.resolve_time) as _,
        i16::from(after.escalation.level),
        time(after.escalation.acknowledge_time) as _,
        after.assignee.as_deref(),
        after.queue_level.rank(),
        after.answer_message,
        after.revision,
        after.version,
        after.last_event,
        after.last_message,
        suspension::count(after),
        after.confirmed_citizen,
        extensions as _,
        after.next_answer.as_ref().map(Json) as _,
        after.acceptance.as_ref().map(Json) as _,
        after.other_body.as_ref().map(Json) as _,
    )
    .execute(&mut **tx)
    .await?;
    let begun = |appeal: &Appeal| appeal.resolution.start_epoch;
    if before.promise != after.promise || begun(before) != begun(after) {
        save_terms(tx, after).await?;
    }
    if before.suspensions != after.suspensions {
        suspension::save(tx, after).await?;
    }
    Ok(())
}

/// Writes under which terms a locked appeal is promised: what changes by a re-base and by a reopening alone, and mostly by none.
async fn save_terms(tx: &mut Tx, after: &Appeal) -> Result<(), Error> {
    let (first, resolution) = (&after.first_answer, &after.resolution);
    let version = |version: u32| i32::try_from(version).unwrap_or(i32::MAX);
    sqlx::query!(
        "-- appeal_save_terms()
        UPDATE appeal SET policy = $2, policy_version = $3, policy_hash = $4,
            first_allowance = $5, first_calendar = $6, first_calendar_version = $7,
            resolution_allowance = $8, resolution_calendar = $9, resolution_calendar_version = $10,
            resolution_start_time = $11, resolution_start_epoch = $12
        WHERE appeal_id = $1",
        after.id,
        after.promise.policy,
        version(after.promise.set_version),
        after.promise.set_hash,
        Json(first.allowance) as _,
        first.calendar,
        version(first.calendar_version),
        Json(resolution.allowance) as _,
        resolution.calendar,
        version(resolution.calendar_version),
        resolution.start_time.to_sqlx(),
        resolution.start_epoch,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
