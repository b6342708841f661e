//! Which sealing keys the schema's values were sealed under.
//!
//! A service that starts with a ring lacking one of them would run, and lose what it can't open. So each key is noted here before
//! it seals its first value, and a start compares. An empty list means an empty database: the only one that a new ring may be made for.

use crate::{Db, Error};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

/// Ids of all keys that have sealed something in this schema.
///
/// # Errors
/// [`Error::Corrupt`] for an id that no ring can have written.
pub async fn keys_in_use(db: &Db) -> Result<Vec<u32>, Error> {
    let ids = sqlx::query_scalar!("-- keys_in_use()\nSELECT key_id FROM sealed_key ORDER BY key_id")
        .fetch_all(db.pool())
        .await?;
    ids.into_iter().map(|id| u32::try_from(id).map_err(|_| Error::Corrupt("sealed_key.key_id".into()))).collect()
}

/// Notes that a key seals values from now on. Noting it again changes nothing.
///
/// # Errors
/// Those of any statement.
pub async fn note_key(db: &Db, id: u32, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "-- note_key()\nINSERT INTO sealed_key (key_id, create_time) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING",
        i64::from(id),
        now.to_sqlx()
    )
    .execute(db.pool())
    .await?;
    Ok(())
}
