//! How a service reaches its database.

use crate::Error;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};
use std::path::PathBuf;
use std::time::Duration;

/// A connection left unused for longer is asked whether it still lives before it is handed out. Busy ones are not: that ping is
/// a hidden round trip per request, a third of what a one-statement request takes.
const PING_AFTER_IDLE: Duration = Duration::from_secs(10);

/// An open transaction that says nothing for so long belongs to a process that hangs; its locks are taken from it.
const IDLE_IN_TRANSACTION: &str = "30s";

/// The `[database]` table of a service's configuration.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `postgres://role:password@host:port/database`. Exactly one of this and `url_file`.
    pub url: Option<DatabaseUrl>,
    /// File whose only line is that URL, as orchestrators mount secrets.
    pub url_file: Option<PathBuf>,
    /// Most connections of the pool; by default four per core, at least 4 and at most 16. Eight saturate two cores, 64 lose 40 % there.
    /// Beside the pool a process holds one for [`crate::Watch`], and those of [`crate::Lines`]: ticket two.
    pub max_connections: Option<u32>,
    /// Milliseconds after which Postgres gives up a statement.
    pub statement_timeout_ms: u32,
    /// Milliseconds to wait for a free connection before the caller is told UNAVAILABLE.
    pub acquire_timeout_ms: u32,
}

/// A URL that holds a password: prints as `[redacted]`.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(SecretString);

/// A pool of connections that work in `schema`. Fails unless one connection can be opened within the acquire timeout.
///
/// # Errors
/// [`Error::Other`] for settings that can't be used, [`Error::Unavailable`] when Postgres can't be reached.
pub async fn connect(settings: &Settings, schema: &str) -> Result<PgPool, Error> {
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections.unwrap_or_else(connections_for_cores))
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms.into()))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move { Ok(meta.idle_for < PING_AFTER_IDLE || connection.ping().await.is_ok()) })
        })
        .connect_with(options(settings, schema)?)
        .await?;
    Ok(pool)
}

/// A connection that works in `schema`.
pub(crate) fn options(settings: &Settings, schema: &str) -> Result<PgConnectOptions, Error> {
    let options = settings
        .parsed()?
        .application_name(schema)
        .options([
            ("search_path", schema),
            ("statement_timeout", &settings.statement_timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
        ])
        // Statements are ours and known; logging them would only risk what is bound to them.
        .disable_statement_logging();
    Ok(options)
}

fn connections_for_cores() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores * 4).unwrap_or(16).clamp(4, 16)
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Settings {
            url: None,
            url_file: None,
            max_connections: None,
            statement_timeout_ms: 5_000,
            acquire_timeout_ms: 2_000,
        }
    }
}

impl Settings {
    /// Settings for this URL, all else as by default.
    pub fn for_url(url: impl Into<DatabaseUrl>) -> Self {
        Settings { url: Some(url.into()), ..Settings::default() }
    }

    /// The URL, from wherever it is configured.
    ///
    /// # Errors
    /// [`Error::Other`] unless exactly one of `url` and `url_file` is set and readable.
    pub fn url(&self) -> Result<DatabaseUrl, Error> {
        match (&self.url, &self.url_file) {
            (Some(url), None) => Ok(url.clone()),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map(|line| DatabaseUrl::from(line.trim().to_owned()))
                .map_err(|error| Error::Other(format!("database.url_file {}: {}", path.display(), error.kind()))),
            (None, None) => Err(Error::Other("neither database.url nor database.url_file is set".into())),
            (Some(_), Some(_)) => Err(Error::Other("both database.url and database.url_file are set".into())),
        }
    }

    /// Whether a connection could be tried: for looking at a configuration without using it.
    ///
    /// # Errors
    /// As [`Settings::url`], and a URL that can't be used.
    pub fn check(&self) -> Result<(), Error> {
        self.parsed().map(drop)
    }

    fn parsed(&self) -> Result<PgConnectOptions, Error> {
        self.url()?.expose().parse().map_err(|_| Error::Other("the database URL can't be used".into()))
    }
}

// === impl DatabaseUrl ===

impl DatabaseUrl {
    /// The URL with its password.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        DatabaseUrl(SecretString::from(url))
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(DatabaseUrl::from)
    }
}

impl Serialize for DatabaseUrl {
    /// For `--print-config`: never the URL itself.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[redacted]")
    }
}
