//! The one error of everything that talks to Postgres.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

/// What went wrong, without a single value: texts of Postgres may contain what a citizen typed.
///
/// The original error is not kept as a source for the same reason.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Error {
    /// Postgres can't be reached, is starting or stopping, is out of connections, or took longer than the statement timeout.
    /// Nothing is known about a COMMIT that ended so; the same request may be repeated.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),

    /// A serialization failure or a deadlock; the transaction was rolled back and may be run again.
    #[error("the transaction met a conflict: {0}")]
    Conflict(String),

    /// A named constraint or unique index said no.
    #[error("constraint {name} is violated")]
    Constraint {
        /// Its name in the migration, such as `appeal_number_key`.
        name: String,
    },

    /// A stored value that the code can't have written: unreadable, or of a shape it does not know.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),

    /// Everything else: a mistake in a statement, a missing right, a wrong setting.
    #[error("{0}")]
    Other(String),
}

/// An error that can tell whether running the transaction again may help.
pub trait Retryable {
    /// True for serialization failures and deadlocks, and for nothing else.
    fn is_conflict(&self) -> bool;
}

// === impl Error ===

impl Error {
    /// Name of the violated constraint, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Error::Constraint { name } => Some(name),
            _ => None,
        }
    }

    fn of_database(error: &dyn sqlx::error::DatabaseError) -> Self {
        let code = error.code().unwrap_or_default().into_owned();
        let what = describe(&code, error);
        if let Some(name) = error.constraint() {
            return Error::Constraint { name: name.to_owned() };
        }
        match code.as_str() {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => Error::Conflict(what),
            // query_canceled (statement timeout), lock_not_available, read_only_sql_transaction (a failover under way),
            // and the two idle timeouts
            "57014" | "55P03" | "25006" | "25P03" | "57P05" => Error::Unavailable(what),
            // connection exceptions, insufficient resources, operator intervention, and errors of the disks
            _ if ["08", "53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) => Error::Unavailable(what),
            _ => Error::Other(what),
        }
    }
}

/// Code and names. The message only where it can't contain values: class 42 speaks of the statement's own text, which is ours.
fn describe(code: &str, error: &dyn sqlx::error::DatabaseError) -> String {
    let mut what = format!("SQLSTATE {code}");
    if code.starts_with("42") {
        what.push_str(&format!(", {}", error.message()));
    }
    if let Some(table) = error.table() {
        what.push_str(&format!(", table {table}"));
    }
    if let Some(postgres) = error.try_downcast_ref::<PgDatabaseError>() {
        if let Some(column) = postgres.column() {
            what.push_str(&format!(", column {column}"));
        }
        if let Some(routine) = postgres.routine() {
            what.push_str(&format!(", in {routine}"));
        }
    }
    what
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Error::of_database(error.as_ref()),
            sqlx::Error::Io(error) => Error::Unavailable(error.kind().to_string()),
            sqlx::Error::Tls(_) => Error::Unavailable("TLS handshake failed".into()),
            sqlx::Error::Protocol(_) => Error::Unavailable("the connection broke the protocol".into()),
            sqlx::Error::PoolTimedOut => Error::Unavailable("no connection became free in time".into()),
            sqlx::Error::PoolClosed => Error::Unavailable("the pool is closed".into()),
            sqlx::Error::WorkerCrashed => Error::Unavailable("the connection's worker crashed".into()),
            sqlx::Error::BeginFailed => Error::Unavailable("BEGIN left the connection outside a transaction".into()),
            sqlx::Error::ColumnDecode { index, .. } => Error::Corrupt(format!("column {index}")),
            sqlx::Error::Decode(_) => Error::Corrupt("a value could not be decoded".into()),
            sqlx::Error::ColumnNotFound(name) => Error::Other(format!("no column {name} in the answer")),
            sqlx::Error::ColumnIndexOutOfBounds { index, len } => {
                Error::Other(format!("column {index} of {len} in the answer"))
            }
            sqlx::Error::RowNotFound => Error::Other("a row that must exist was not found".into()),
            sqlx::Error::Configuration(_) => Error::Other("the database URL can't be used".into()),
            sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => {
                Error::Other("a value could not be encoded".into())
            }
            sqlx::Error::Migrate(error) => Error::from(*error),
            _ => Error::Other("unexpected error of the driver".into()),
        }
    }
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            MigrateError::ExecuteMigration(error, version) => match Error::from(error) {
                Error::Unavailable(what) => Error::Unavailable(what),
                other => Error::Other(format!("migration {version}: {other}")),
            },
            // The rest speaks of version numbers and file names.
            other => Error::Other(other.to_string()),
        }
    }
}

impl Retryable for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Error::Conflict(_))
    }
}
