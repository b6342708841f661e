//! Table `policy_set`.

use ::store::{Error, Tx};
use deadline::Edit;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use serde_json::Value;
use sqlx::{PgExecutor, PgPool};

use crate::Record;
use crate::record::Kept as KeptChange;

/// What became of a set that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New,
    /// The very set was there.
    Known,
    /// Another set was published under that version.
    Taken,
}

struct Row {
    version: i64,
    content_hash: String,
    document: String,
    effective_time: Stamp,
    create_time: Stamp,
    author: String,
    note: String,
    changes: Value,
}

/// Keeps a set.
///
/// # Errors
/// Those of any statement.
pub async fn keep(tx: &mut Tx, record: &Record) -> Result<Kept, Error> {
    let changes: Vec<KeptChange> = record.changes.iter().map(KeptChange::from).collect();
    let changes = serde_json::to_value(changes).map_err(|_| corrupt("changes"))?;
    let written = sqlx::query!(
        "-- keep_policy_set()
        INSERT INTO policy_set (version, content_hash, document, effective_time, create_time, author, note, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (version) DO NOTHING",
        i64::from(record.version),
        record.content_hash,
        record.document,
        record.effective_time.to_sqlx(),
        record.create_time.to_sqlx(),
        record.author,
        record.note,
        changes,
    )
    .execute(&mut **tx)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(Kept::New);
    }
    let known = get(&mut **tx, record.version).await?;
    let same = known.is_some_and(|known| {
        (&known.content_hash, known.effective_time) == (&record.content_hash, record.effective_time)
    });
    Ok(if same { Kept::Known } else { Kept::Taken })
}

/// The set of that version.
///
/// # Errors
/// Those of any statement.
pub async fn get(db: impl PgExecutor<'_>, version: u32) -> Result<Option<Record>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- get_policy_set()
        SELECT version, content_hash, document, effective_time, create_time, author, note, changes
        FROM policy_set WHERE version = $1",
        i64::from(version),
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// Sets below a version, the newest first.
///
/// # Errors
/// Those of any statement.
pub async fn page(db: &PgPool, below: u32, limit: i64) -> Result<Vec<Record>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- page_of_policy_sets()
        SELECT version, content_hash, document, effective_time, create_time, author, note, changes
        FROM policy_set WHERE version < $1 ORDER BY version DESC LIMIT $2",
        i64::from(below),
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Sets that are not among the versions, the oldest first. They are few, and a version may come after a later one: its call had died and
/// was requeued.
pub(crate) async fn besides(db: &PgPool, versions: &[i64]) -> Result<Vec<Record>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- policy_sets_besides()
        SELECT version, content_hash, document, effective_time, create_time, author, note, changes
        FROM policy_set WHERE version <> ALL($1) ORDER BY version",
        versions,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

fn corrupt(column: &str) -> Error {
    Error::Corrupt(format!("policy_set.{column}"))
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Record, Error> {
        let changes: Vec<KeptChange> = serde_json::from_value(self.changes).map_err(|_| corrupt("changes"))?;
        Ok(Record {
            version: u32::try_from(self.version).map_err(|_| corrupt("version"))?,
            content_hash: self.content_hash,
            document: self.document,
            effective_time: self.effective_time.to_jiff(),
            create_time: self.create_time.to_jiff(),
            author: self.author,
            note: self.note,
            changes: changes.into_iter().map(Edit::from).collect(),
        })
    }
}
