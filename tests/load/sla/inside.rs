//! What ticks do inside Postgres: how long their look takes there, and what they touch.

use std::time::Duration;

use anyhow::Result;
use sqlx::{Connection as _, Row as _};

use super::grouped_of;
use super::seed::Seed;
use crate::figure::{bytes, number, time};
use crate::postgres;

pub const HEADER: [&str; 7] =
    ["open", "due", "the look", "all statements", "blocks", "of them not in shared_buffers", "WAL (full pages)"];

/// What some ticks did.
#[derive(Debug)]
pub struct Inside {
    ticks: f64,
    /// In the statement that finds and locks what is due.
    look: Duration,
    all: Duration,
    hit: f64,
    read: f64,
    wal: f64,
    full_pages: f64,
}

/// Begins to count.
///
/// # Errors
/// Postgres is away.
pub async fn begin(seed: &Seed) -> Result<()> {
    postgres::forget_statements(&seed.admin_url).await
}

/// What was done since [`begin`], by so many ticks.
///
/// # Errors
/// Postgres is away.
pub async fn end(seed: &Seed, ticks: usize) -> Result<Inside> {
    let mut admin = seed.admin().await?;
    // The service's statements begin with their name; the load report's own do not.
    let row = sqlx::query(
        "SELECT COALESCE(sum(total_exec_time) FILTER (WHERE query LIKE '-- lock_due()%'), 0) AS look,
            COALESCE(sum(total_exec_time), 0) AS all, COALESCE(sum(shared_blks_hit), 0)::float8 AS hit,
            COALESCE(sum(shared_blks_read), 0)::float8 AS read, COALESCE(sum(wal_bytes), 0)::float8 AS wal,
            COALESCE(sum(wal_fpi), 0)::float8 AS full_pages
        FROM public.pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query LIKE '-- %'",
    )
    .fetch_one(&mut admin)
    .await?;
    admin.close().await?;
    let spent = |column: &str| Duration::from_secs_f64(row.get::<f64, _>(column) / 1_000.0);
    Ok(Inside {
        ticks: ticks.max(1) as f64,
        look: spent("look"),
        all: spent("all"),
        hit: row.get("hit"),
        read: row.get("read"),
        wal: row.get("wal"),
        full_pages: row.get("full_pages"),
    })
}

// === impl Inside ===

impl Inside {
    /// Blocks that one tick touches.
    pub fn blocks(&self) -> f64 {
        (self.hit + self.read) / self.ticks
    }

    /// Of them those that were not in shared_buffers.
    pub fn missed(&self) -> f64 {
        self.read / self.ticks
    }

    /// The look of one tick.
    pub fn look(&self) -> Duration {
        self.look.div_f64(self.ticks)
    }

    /// A row of the table, each figure for one tick.
    pub fn row(&self, open: usize, due: &str) -> Vec<String> {
        vec![
            grouped_of(open),
            due.to_owned(),
            time(self.look()),
            time(self.all.div_f64(self.ticks)),
            number(self.blocks()),
            number(self.missed()),
            format!("{} ({})", bytes((self.wal / self.ticks) as u64), number(self.full_pages / self.ticks)),
        ]
    }
}
