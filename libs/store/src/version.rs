//! Whether the schema fits the code.

use crate::{Db, Error};
use sqlx::migrate::{Migrate, Migrator};

/// The first line of a migration that code need not wait for.
pub const NOT_NEEDED: &str = "-- Code runs without it.";

/// Refuses a schema that this code can't work on.
///
/// Migrations that this code does not know are fine: the schema is ahead, as it is while replicas are being replaced. The newest of each
/// set may be missing, so that replicas can be replaced first, if it says in its first line that code runs without it (an index, say):
/// [`NOT_NEEDED`]. One that was changed after it had been applied, or applied halfway, is refused. Returns how many are missing.
///
/// # Errors
/// [`Error::Other`] saying which migration is missing or different, [`Error::Unavailable`] when Postgres is away.
pub async fn check_schema(db: &Db, expected: &[&Migrator]) -> Result<usize, Error> {
    let mut connection = db.pool().acquire().await?;
    let mut missing = 0;
    for migrator in expected {
        let table = migrator.table_name.as_ref();
        let applied = match connection.list_applied_migrations(table).await {
            Ok(applied) => applied,
            Err(error) => match Error::from(error) {
                Error::Unavailable(what) => return Err(Error::Unavailable(what)),
                _ => return Err(Error::Other(format!("the schema has no readable {table}: run `migrate` first"))),
            },
        };
        if let Some(version) = connection.dirty_version(table).await? {
            return Err(Error::Other(format!("migration {version} of {table} was applied halfway")));
        }
        let wanted: Vec<_> = migrator.iter().filter(|known| !known.migration_type.is_down_migration()).collect();
        for (position, known) in wanted.iter().enumerate() {
            match applied.iter().find(|row| row.version == known.version) {
                Some(row) if row.checksum == known.checksum => {}
                Some(_) => {
                    let version = known.version;
                    return Err(Error::Other(format!("migration {version} of {table} differs from the one applied")));
                }
                None if position + 1 == wanted.len() && known.sql.as_str().starts_with(NOT_NEEDED) => {
                    tracing::warn!(table, version = known.version, "the schema is one migration behind this code");
                    missing += 1;
                }
                None => {
                    let version = known.version;
                    return Err(Error::Other(format!(
                        "migration {version} of {table} is missing: run `migrate` first"
                    )));
                }
            }
        }
    }
    Ok(missing)
}
