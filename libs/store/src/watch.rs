//! A look at the database from aside: its time, and whether it answers.

use crate::Error;
use crate::settings::{Settings, options};
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use std::fmt::{self, Debug, Formatter};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Patience with one look: a host that vanished says nothing, not even that it is gone.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// One connection, apart from the service's pool: under load a look would wait there for its turn, which would count as a wrong
/// clock and as a database that is away.
///
/// No pool of one either: a pool asks every connection that comes back whether it lives and waits for the answer for ever, so a
/// host that vanishes at that moment would keep the only place, also after another host took over. Here a look that fails or is
/// given up takes its connection along, and the next one opens a new one.
pub struct Watch {
    options: PgConnectOptions,
    kept: Mutex<Option<PgConnection>>,
}

// === impl Watch ===

impl Watch {
    /// Opens the connection.
    ///
    /// # Errors
    /// [`Error::Other`] for settings that can't be used, [`Error::Unavailable`] when Postgres can't be reached.
    pub async fn connect(settings: &Settings, schema: &str) -> Result<Self, Error> {
        let watch = Self { options: options(settings, schema)?, kept: Mutex::default() };
        watch.time().await?;
        Ok(watch)
    }

    /// The time of the database server, by which a service corrects its own clock. No other statement asks Postgres for it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the server can't be reached, or says nothing for 5 s.
    pub async fn time(&self) -> Result<Timestamp, Error> {
        let given_up = || Err(Error::Unavailable("it did not tell its time".into()));
        timeout(LONGEST_LOOK, self.look()).await.unwrap_or_else(|_| given_up())
    }

    async fn look(&self) -> Result<Timestamp, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(mut connection) = kept.take()
            && let Ok(time) = database_time(&mut connection).await
        {
            *kept = Some(connection);
            return Ok(time);
        }
        // The kept one had died, as after a restart of Postgres.
        let mut connection = self.options.connect().await?;
        let time = database_time(&mut connection).await?;
        *kept = Some(connection);
        Ok(time)
    }
}

impl Debug for Watch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

async fn database_time(connection: &mut PgConnection) -> Result<Timestamp, Error> {
    let time = sqlx::query_scalar!(
        r#"-- database_time()
        SELECT clock_timestamp() AS "time!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(time.to_jiff())
}
