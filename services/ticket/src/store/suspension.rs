//! Table `suspension`: the ledger of time that does not count. Rows are added, and closed once.

use std::collections::HashMap;

use jiff_sqlx::{Timestamp, ToSqlx};
use sqlx::PgExecutor;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::{Appeal, Suspension, suspension_reason};
use crate::store::corrupt;

/// The suspensions of some appeals, oldest first. Under an appeal's lock it is called in a statement *after* the one that locked: a
/// statement sees what was committed before it began, and the lock may have been waited for.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read.
pub(super) async fn of(
    executor: impl PgExecutor<'_>,
    appeals: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Suspension>>, Error> {
    let rows = sqlx::query!(
        "-- suspension_of()
        SELECT appeal_id, start_time, end_time, reason, actor FROM suspension WHERE appeal_id = ANY ($1)
        ORDER BY appeal_id, suspension_no",
        appeals
    )
    .fetch_all(executor)
    .await?;
    let mut all: HashMap<Uuid, Vec<Suspension>> = HashMap::new();
    for row in rows {
        all.entry(row.appeal_id).or_default().push(Suspension {
            reason: suspension_reason(&row.reason).ok_or_else(|| corrupt("suspension", "reason"))?,
            actor: row.actor.parse().map_err(|_| corrupt("suspension", "actor"))?,
            start_time: row.start_time.to_jiff(),
            end_time: row.end_time.map(Timestamp::to_jiff),
        });
    }
    Ok(all)
}

/// Writes the appeal's ledger: new rows are added, an open one may be closed, nothing else can change.
pub(super) async fn save(tx: &mut Tx, appeal: &Appeal) -> Result<(), Error> {
    let list = &appeal.suspensions;
    let starts: Vec<Timestamp> = list.iter().map(|s| s.start_time.to_sqlx()).collect();
    let ends: Vec<Option<Timestamp>> = list.iter().map(|s| s.end_time.map(ToSqlx::to_sqlx)).collect();
    let reasons: Vec<String> = list.iter().map(|s| s.reason.as_str().to_owned()).collect();
    let actors: Vec<String> = list.iter().map(|s| s.actor.to_string()).collect();
    sqlx::query!(
        "-- suspension_save()
        INSERT INTO suspension (appeal_id, suspension_no, start_time, end_time, reason, actor)
        SELECT $1, given.no::integer, given.start_time, given.end_time, given.reason, given.actor
        FROM UNNEST($2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[]) WITH ORDINALITY
            AS given (start_time, end_time, reason, actor, no)
        ON CONFLICT (appeal_id, suspension_no) DO UPDATE SET end_time = excluded.end_time
        WHERE suspension.end_time IS NULL AND excluded.end_time IS NOT NULL",
        appeal.id,
        &starts as _,
        &ends as _,
        &reasons,
        &actors
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many suspensions the appeal's row says it has.
pub(super) fn count(appeal: &Appeal) -> i32 {
    i32::try_from(appeal.suspensions.len()).unwrap_or(i32::MAX)
}
