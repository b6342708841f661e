//! Table `suspension`: the ledger of time that does not count. Rows are added, and closed once.

use jiff_sqlx::{Timestamp, ToSqlx};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::types::Json;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::{Appeal, Suspension, suspension_reason};
use crate::store::corrupt;

/// The rows of one appeal, oldest first, as a statement on table `appeal` brings them along (`select_appeals!`).
pub(super) type Ledger = Json<Vec<Stretch>>;

/// One of them.
#[derive(Debug, Deserialize)]
pub(super) struct Stretch {
    start_time: jiff::Timestamp,
    end_time: Option<jiff::Timestamp>,
    resume_time: Option<jiff::Timestamp>,
    remind_time: Option<jiff::Timestamp>,
    reason: String,
    actor: String,
}

/// The suspensions of a locked appeal, oldest first. It is called in a statement *after* the one that locked: a statement sees what was
/// committed before it began, and the lock may have been waited for.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read.
pub(super) async fn of(tx: &mut Tx, appeal: Uuid) -> Result<Vec<Suspension>, Error> {
    let rows = sqlx::query!(
        "-- suspension_of()
        SELECT start_time, end_time, resume_time, remind_time, reason, actor FROM suspension WHERE appeal_id = $1 ORDER BY suspension_no",
        appeal
    )
    .fetch_all(&mut **tx)
    .await?;
    ledger(rows.into_iter().map(|row| Stretch {
        start_time: row.start_time.to_jiff(),
        end_time: row.end_time.map(Timestamp::to_jiff),
        resume_time: row.resume_time.map(Timestamp::to_jiff),
        remind_time: row.remind_time.map(Timestamp::to_jiff),
        reason: row.reason,
        actor: row.actor,
    }))
}

/// Rows, oldest first, as the domain has them.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read.
pub(super) fn ledger(rows: impl IntoIterator<Item = Stretch>) -> Result<Vec<Suspension>, Error> {
    rows.into_iter()
        .map(|row| {
            Ok(Suspension {
                reason: suspension_reason(&row.reason).ok_or_else(|| corrupt("suspension", "reason"))?,
                actor: row.actor.parse().map_err(|_| corrupt("suspension", "actor"))?,
                start_time: row.start_time,
                end_time: row.end_time,
                resume_time: row.resume_time,
                remind_time: row.remind_time,
            })
        })
        .collect()
}

/// Writes the appeal's ledger: new rows are added, an open one may be closed or reminded of, nothing else can change.
pub(super) async fn save(tx: &mut Tx, appeal: &Appeal) -> Result<(), Error> {
    let list = &appeal.suspensions;
    let starts: Vec<Timestamp> = list.iter().map(|s| s.start_time.to_sqlx()).collect();
    let ends: Vec<Option<Timestamp>> = list.iter().map(|s| s.end_time.map(ToSqlx::to_sqlx)).collect();
    let time = |of: fn(&Suspension) -> Option<jiff::Timestamp>| -> Vec<Option<Timestamp>> {
        list.iter().map(|it| of(it).map(ToSqlx::to_sqlx)).collect()
    };
    let (resumes, reminds, looks) = (time(|it| it.resume_time), time(|it| it.remind_time), time(Suspension::look_time));
    let reasons: Vec<String> = list.iter().map(|s| s.reason.as_str().to_owned()).collect();
    let actors: Vec<String> = list.iter().map(|s| s.actor.to_string()).collect();
    sqlx::query!(
        "-- suspension_save()
        INSERT INTO suspension (appeal_id, suspension_no, start_time, end_time, reason, actor, resume_time, remind_time, look_time)
        SELECT $1, given.no::integer, given.start_time, given.end_time, given.reason, given.actor, given.resume_time,
            given.remind_time, given.look_time
        FROM UNNEST($2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
                $8::timestamptz[]) WITH ORDINALITY
            AS given (start_time, end_time, reason, actor, resume_time, remind_time, look_time, no)
        ON CONFLICT (appeal_id, suspension_no) DO UPDATE SET
            end_time = excluded.end_time, remind_time = excluded.remind_time, look_time = excluded.look_time
        WHERE suspension.end_time IS NULL
            AND (excluded.end_time IS NOT NULL OR suspension.remind_time IS DISTINCT FROM excluded.remind_time)",
        appeal.id,
        &starts as _,
        &ends as _,
        &reasons,
        &actors,
        &resumes as _,
        &reminds as _,
        &looks as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A pause about which something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// Whose.
    pub appeal: Uuid,
    /// When it began.
    pub start_time: jiff::Timestamp,
    /// When it was to be looked at.
    pub look_time: jiff::Timestamp,
}

/// Pauses about which something is to be done, the longest overdue first. Its beginning is what is due now, whatever the
/// number of pauses behind it.
///
/// # Errors
/// Those of any statement.
pub async fn overdue(pool: &PgPool, now: jiff::Timestamp, limit: i64) -> Result<Vec<Overdue>, Error> {
    let rows = sqlx::query!(
        "-- suspension_overdue()
        SELECT appeal_id, start_time, look_time AS \"look_time!\" FROM suspension
        WHERE end_time IS NULL AND look_time <= $1 ORDER BY look_time LIMIT $2",
        now.to_sqlx() as _,
        limit
    )
    .fetch_all(pool)
    .await?;
    let overdue = rows.into_iter().map(|row| Overdue {
        appeal: row.appeal_id,
        start_time: row.start_time.to_jiff(),
        look_time: row.look_time.to_jiff(),
    });
    Ok(overdue.collect())
}

/// When that should have been done that is overdue longest; `None` when nothing is.
///
/// # Errors
/// Those of any statement.
pub async fn oldest(pool: &PgPool, now: jiff::Timestamp) -> Result<Option<jiff::Timestamp>, Error> {
    let oldest = sqlx::query_scalar!(
        "-- suspension_oldest()
        SELECT look_time FROM suspension WHERE end_time IS NULL AND look_time <= $1 ORDER BY look_time LIMIT 1",
        now.to_sqlx() as _
    )
    .fetch_optional(pool)
    .await?;
    Ok(oldest.flatten().map(Timestamp::to_jiff))
}

/// Has a pause looked at at another time: later, where nothing could be done about it, for it to hold up no other. Only if nobody else has moved it
/// since.
///
/// # Errors
/// Those of any statement.
pub async fn look_at(pool: &PgPool, pause: &Overdue, time: Option<jiff::Timestamp>) -> Result<(), Error> {
    sqlx::query!(
        "-- suspension_look_at()
        UPDATE suspension SET look_time = $4
        WHERE appeal_id = $1 AND start_time = $2 AND look_time = $3 AND end_time IS NULL",
        pause.appeal,
        pause.start_time.to_sqlx() as _,
        pause.look_time.to_sqlx() as _,
        time.map(ToSqlx::to_sqlx) as _
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// How many suspensions the appeal's row says it has.
pub(super) fn count(appeal: &Appeal) -> i32 {
    i32::try_from(appeal.suspensions.len()).unwrap_or(i32::MAX)
}
