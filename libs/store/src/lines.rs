//! Connections held by those who write all day: taken from the pool, a connection costs a ping each time it is given back, which is a round
//! trip for nothing.
//!
//! They are also told to plan each statement once (`plan_cache_mode = force_generic_plan`). Left to itself, Postgres plans anew for the
//! lengths of the arrays it is given, as long as that plan looks cheaper than one for any length. So a line is for statements that have
//! one good plan, whatever is bound to them.
//!
//! Failure handling: a line whose statement failed, or whose worker was dropped in the middle, is not kept; the next taker opens another.
//! A line that died while nobody used it fails its next statement, so whoever uses lines has another way for what failed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::{Db, Error};

/// Held connections of one schema, at most as many as were ever taken at once.
#[derive(Debug)]
pub struct Lines {
    options: PgConnectOptions,
    /// As long as the pool waits for one.
    patience: Duration,
    idle: Mutex<Vec<PgConnection>>,
}

// === impl Lines ===

impl Lines {
    /// None is open yet.
    pub fn of(db: &Db) -> Self {
        let options = PgConnectOptions::clone(&db.pool().connect_options());
        Self {
            options: options.options([("plan_cache_mode", "force_generic_plan")]),
            patience: db.pool().options().get_acquire_timeout(),
            idle: Mutex::default(),
        }
    }

    /// A connection, the taker's alone. [`Self::keep`] it after use.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none was left and Postgres can't be reached.
    pub async fn take(&self) -> Result<PgConnection, Error> {
        let held = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match held {
            Some(connection) => Ok(connection),
            None => match tokio::time::timeout(self.patience, PgConnection::connect_with(&self.options)).await {
                Ok(opened) => Ok(opened?),
                Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
            },
        }
    }

    /// For the next taker: a connection whose last statement was carried out.
    pub fn keep(&self, connection: PgConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
