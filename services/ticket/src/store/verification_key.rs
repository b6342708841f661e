//! Table `verification_key`: the public keys of identity verification.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use store::{Db, Error};

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid` of the tokens it checks.
    pub key_id: String,
    /// Raw Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
}

/// Every key.
///
/// # Errors
/// Those of any statement.
pub async fn all(db: &Db) -> Result<Vec<StoredKey>, Error> {
    let keys = sqlx::query_as!(
        StoredKey,
        "-- verification_key_all()
        SELECT key_id, public_key FROM verification_key ORDER BY key_id"
    )
    .fetch_all(db.pool())
    .await?;
    Ok(keys)
}

/// Makes `keys` the ones that are kept: a key that is no longer published is believed no longer.
///
/// # Errors
/// Those of any statement.
pub async fn replace(db: &Db, now: Timestamp, keys: &[StoredKey]) -> Result<(), Error> {
    let ids: Vec<String> = keys.iter().map(|key| key.key_id.clone()).collect();
    let bytes: Vec<Vec<u8>> = keys.iter().map(|key| key.public_key.clone()).collect();
    sqlx::query!(
        "-- verification_key_replace()
        WITH gone AS (DELETE FROM verification_key WHERE key_id <> ALL ($1))
        INSERT INTO verification_key (key_id, algorithm, public_key, create_time)
        SELECT key_id, 'EdDSA', public_key, $3 FROM UNNEST($1::text[], $2::bytea[]) AS given (key_id, public_key)
        ON CONFLICT (key_id) DO UPDATE SET public_key = excluded.public_key
        WHERE verification_key.public_key <> excluded.public_key",
        &ids,
        &bytes,
        now.to_sqlx()
    )
    .execute(db.pool())
    .await?;
    Ok(())
}
