//! The report's own Postgres: durable, with settings that the report states.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use devpg::Cluster;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::figure::{grouped, number};
use crate::report::Table;

/// What is not as Postgres comes. The first two keep checkpoints from falling into one run and not into another; autovacuum looks more
/// often, since what an hour brings is brought in minutes here; the rest is for looking.
const CHANGED: [(&str, &str); 5] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "4GB"),
    ("autovacuum_naptime", "10s"),
    ("track_commit_timestamp", "on"),
    ("shared_preload_libraries", "pg_stat_statements"),
];
/// What is told besides: what durability rests on.
const TOLD: [&str; 7] =
    ["fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "checkpoint_timeout", "autovacuum", "jit"];

/// A running Postgres and its tools.
#[derive(Debug)]
pub struct Server {
    cluster: Cluster,
    bin: PathBuf,
}

/// One statement's share of a run.
struct Statement {
    name: String,
    calls: i64,
    rows: i64,
    seconds: f64,
}

// === impl Server ===

impl Server {
    /// A new cluster in `folder`.
    ///
    /// # Errors
    /// There is no Postgres, or its contrib modules are missing.
    pub async fn start(folder: &Path) -> Result<Self> {
        let bin = devpg::find()?.bin;
        let folder = folder.to_owned();
        let (first, again) = (folder.clone(), folder);
        let cluster = tokio::task::spawn_blocking(move || Cluster::durable(first)).await??;
        let mut admin = PgConnection::connect(&cluster.admin_url()).await?;
        for (name, value) in CHANGED {
            execute(&mut admin, &format!("ALTER SYSTEM SET {name} = '{value}'")).await?;
        }
        admin.close().await?;
        // Most of them count from the next start.
        let cluster = tokio::task::spawn_blocking(move || {
            cluster.stop();
            Cluster::durable(again)
        });
        let cluster =
            cluster.await?.context("Postgres with the report's settings; has it pg_stat_statements (contrib)?")?;
        Ok(Self { cluster, bin })
    }

    /// A new, empty database; the administrator's URL of it.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn database(&self, name: &str) -> Result<String> {
        self.cluster.create_database(name).await?;
        let url = self.cluster.admin_url_of(name);
        let mut admin = PgConnection::connect(&url).await?;
        execute(&mut admin, "CREATE EXTENSION pg_stat_statements SCHEMA public").await?;
        admin.close().await?;
        Ok(url)
    }

    /// Removes a database that is used no more.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let mut admin = PgConnection::connect(&self.cluster.admin_url()).await?;
        execute(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        Ok(admin.close().await?)
    }

    /// Writes out what is dirty, so that no run pays for the one before it.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn checkpoint(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.cluster.admin_url()).await?;
        execute(&mut admin, "CHECKPOINT").await?;
        Ok(admin.close().await?)
    }

    /// The administrator's URL of a database that nothing is measured in: for whoever looks at the others.
    pub fn admin_url(&self) -> String {
        self.cluster.admin_url()
    }

    /// The process that all others of this Postgres come from.
    ///
    /// # Errors
    /// It is being restarted.
    pub fn postmaster(&self) -> Result<u32> {
        self.cluster.postmaster().context("no postmaster runs")
    }

    /// A tool of the same Postgres.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Version and settings, as the server itself tells them.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn facts(&self) -> Result<Vec<(String, String)>> {
        let mut admin = PgConnection::connect(&self.cluster.admin_url()).await?;
        let names: Vec<&str> = CHANGED.iter().map(|(name, _)| *name).chain(TOLD).chain(["server_version"]).collect();
        let rows = sqlx::query("SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS given (name)")
            .bind(names)
            .fetch_all(&mut admin)
            .await?;
        Ok(rows.iter().map(|row| (row.get("name"), row.get("value"))).collect())
    }
}

/// Statements without parameters; several are one transaction, which VACUUM must not be in.
///
/// # Errors
/// Postgres refuses.
pub async fn execute(db: &mut PgConnection, statement: &str) -> Result<u64> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(db).await;
    Ok(done.with_context(|| format!("in {}", statement.chars().take(300).collect::<String>()))?.rows_affected())
}

/// One number.
///
/// # Errors
/// Postgres refuses, or it is none.
pub async fn count(db: &mut PgConnection, statement: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(db).await?)
}

/// Forgets what was counted of this database's statements.
///
/// # Errors
/// Postgres is away.
pub async fn forget_statements(url: &str) -> Result<()> {
    let mut admin = PgConnection::connect(url).await?;
    execute(
        &mut admin,
        "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
    )
    .await?;
    Ok(admin.close().await?)
}

/// Where a run's time in Postgres went: the dearest of our statements (each begins with its name as a comment; the report's own do not), per `things` done (`per` names one).
///
/// # Errors
/// Postgres is away.
pub async fn statements(url: &str, things: usize, per: &str) -> Result<Table> {
    let mut admin = PgConnection::connect(url).await?;
    let rows = sqlx::query(
        "SELECT query, calls, rows, total_exec_time FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (query LIKE '-- %' OR query IN ('BEGIN', 'COMMIT'))
        ORDER BY total_exec_time DESC",
    )
    .fetch_all(&mut admin)
    .await?;
    let all = rows.iter().map(|row| Statement {
        name: name_of(row.get("query")),
        calls: row.get("calls"),
        rows: row.get("rows"),
        seconds: row.get::<f64, _>("total_exec_time") / 1_000.0,
    });
    Ok(profile(&all.collect::<Vec<_>>(), things, per))
}

fn profile(all: &[Statement], things: usize, per: &str) -> Table {
    let things = things.max(1) as f64;
    let seconds: f64 = all.iter().map(|it| it.seconds).sum();
    let calls: i64 = all.iter().map(|it| it.calls).sum();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for it in all.iter().take(10) {
        rows.push(vec![
            format!("`{}`", it.name),
            number(it.calls as f64 / things),
            grouped(it.rows / it.calls.max(1)),
            format!("{} µs", number(it.seconds * 1e6 / things)),
            format!("{:.0} %", it.seconds / seconds.max(f64::MIN_POSITIVE) * 100.0),
        ]);
    }
    let total = format!("{} µs", number(seconds * 1e6 / things));
    rows.push(vec!["all".to_owned(), number(calls as f64 / things), String::new(), total, String::new()]);
    Table::new(
        &format!(
            "Round trips and time in Postgres per {per}, by pg_stat_statements (a commit's wait for the disk is not in it)"
        ),
        &["statement", &format!("calls per {per}"), "rows per call", &format!("time per {per}"), "share"],
        rows,
    )
}

/// The name in the comment; of BEGIN and COMMIT the word.
fn name_of(query: &str) -> String {
    let query = query.trim_start();
    match query.strip_prefix("-- ").and_then(|rest| rest.split_once("()")) {
        Some((name, _)) => format!("{name}()"),
        None => query.split_whitespace().take(5).collect::<Vec<_>>().join(" ").replace('|', "/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_per_thing_and_its_shares_are_of_all() {
        let statement =
            |name: &str, calls, seconds| Statement { name: name.to_owned(), calls, rows: calls * 100, seconds };
        let table = profile(&[statement("claim()", 10, 0.3), statement("COMMIT", 30, 0.1)], 1_000, "call");
        assert_eq!(table.rows[0], ["`claim()`", "0.01", "100", "300 µs", "75 %"]);
        assert_eq!(table.rows[2], ["all", "0.04", "", "400 µs", ""]);
    }

    #[test]
    fn statements_are_told_by_their_names() {
        assert_eq!(name_of("-- claim()\n WITH due AS"), "claim()");
        assert_eq!(name_of("SELECT a FROM b WHERE c = 1"), "SELECT a FROM b WHERE");
    }
}
