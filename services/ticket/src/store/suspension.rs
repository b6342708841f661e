//! Table `suspension`: the ledger of time that does not count. Rows are added, and closed once.

use jiff_sqlx::{Timestamp, ToSqlx};
use serde::Deserialize;
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
        SELECT start_time, end_time, reason, actor FROM suspension WHERE appeal_id = $1 ORDER BY suspension_no",
        appeal
    )
    .fetch_all(&mut **tx)
    .await?;
    ledger(rows.into_iter().map(|row| Stretch {
        start_time: row.start_time.to_jiff(),
        end_time: row.end_time.map(Timestamp::to_jiff),
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
            })
        })
        .collect()
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
