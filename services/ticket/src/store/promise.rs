//! Table `appeal`: which revision of its promise each open appeal is at. Nothing sealed is read.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use store::{Db, Error};
use uuid::Uuid;

use super::list::Cursor;
use crate::domain::State;

/// What an open appeal promises, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    /// Which appeal.
    pub id: Uuid,
    /// When it was registered.
    pub create_time: Timestamp,
    /// The revision that the SLA monitor compares.
    pub revision: i64,
    /// When that was written.
    pub revise_time: Timestamp,
}

/// At most `limit` appeals of one state, newest first, after the cursor: a stretch of an index, with one look into the journal for each.
///
/// # Errors
/// Those of any statement.
pub async fn page(db: &Db, state: State, after: Cursor, limit: i64) -> Result<Vec<Brief>, Error> {
    let rows = sqlx::query!(
        r#"-- list_promises()
        SELECT appeal.appeal_id AS "appeal_id!", create_time AS "create_time!", revision AS "revision!",
            COALESCE(event_time, update_time) AS "revise_time!"
        FROM appeal LEFT JOIN appeal_event ON appeal_event.appeal_id = appeal.appeal_id AND event_no = revision
        WHERE appeal.state = $1 AND (create_time, appeal.appeal_id) < ($2, $3)
        ORDER BY create_time DESC, appeal.appeal_id DESC LIMIT $4"#,
        state.as_str(),
        after.create_time.to_sqlx(),
        after.id,
        limit,
    )
    .fetch_all(db.pool())
    .await?;
    let brief = rows.into_iter().map(|row| Brief {
        id: row.appeal_id,
        create_time: row.create_time.to_jiff(),
        revision: row.revision,
        revise_time: row.revise_time.to_jiff(),
    });
    Ok(brief.collect())
}
