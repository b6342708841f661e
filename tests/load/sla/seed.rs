//! Deadlines by the million, by SQL.

use std::cell::Cell;

use all_in_one::Part;
use anyhow::Result;
use deadline::PolicySet;
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::pattern;
use crate::Stage;
use crate::postgres::{count, execute};

/// The monitor's schema and what was put there.
#[derive(Debug)]
pub struct Seed {
    /// The administrator's URL.
    pub admin_url: String,
    /// The service's.
    pub role_url: String,
    begin: Timestamp,
    open: Cell<usize>,
}

/// How deadlines fall due.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// The warning and level 1 at once, as after an outage: one is superseded, one fires.
    Both,
    /// By turns the warning alone, and level 1 whose warning was given before.
    ByTurns,
}

// === impl Seed ===

impl Seed {
    /// A new database; `begin` is when everything was promised.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn open(stage: &Stage, begin: Timestamp) -> Result<Self> {
        let admin_url = stage.server.database("sla").await?;
        let role_url = stage.house.migrate(Part::Sla, &admin_url).await?;
        let seed = Self { admin_url, role_url, begin, open: Cell::new(0) };
        pattern::track(stage, &seed.role_url, begin + SignedDuration::from_hours(24 * 365 * 3)).await?;
        // A pass over ten millions would come in the middle of what is measured.
        let mut admin = seed.admin().await?;
        execute(&mut admin, "UPDATE reconciliation SET next_time = '9000-01-01'").await?;
        admin.close().await?;
        Ok(seed)
    }

    /// The superuser's connection, in the schema.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn admin(&self) -> Result<PgConnection> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        execute(&mut admin, "SET search_path = sla").await?;
        Ok(admin)
    }

    /// Adds deadlines as the service writes them, that nothing will happen to, until there are so many.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn open_up_to(&self, count: usize) -> Result<()> {
        pattern::copy(&mut self.admin().await?, self.open.get() + 1, count).await?;
        self.open.set(count);
        self.settle().await
    }

    /// Adds deadlines named by `prefix` that fall due at `at` and then every `every` microseconds, with clocks and ladder.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn due(&self, prefix: &str, number: usize, at: Timestamp, every: i64, due: Due) -> Result<()> {
        let begin = self.begin;
        let time = format!("('{at}'::timestamptz + n * interval '{every} microseconds')");
        let id = format!("md5('{prefix}' || n)::uuid");
        let (warning, breach, warned) = match due {
            Due::Both => (time.clone(), time.clone(), "false"),
            Due::ByTurns => {
                let later = format!("CASE WHEN n % 2 = 0 THEN {time} + interval '1 day' ELSE {time} END");
                (time.clone(), later, "n % 2 = 1")
            }
        };
        let mut admin = self.admin().await?;
        // The foreign keys hold by how the rows are made; looking each up would take longer than all else.
        let statement = format!(
            "SET session_replication_role = replica;
            INSERT INTO deadline ({COLUMNS})
            SELECT {id}, '{prefix}-' || n, {FIXED}, {time}, {time}, '{begin}', '{begin}' FROM generate_series(1, {number}) AS n ORDER BY 1;
            INSERT INTO clock (deadline_id, kind, state, epoch, start_time, due_time, allowance, calendar, calendar_version, end_time)
            SELECT {id}, 'first_answer', 'met', 1, '{begin}'::timestamptz, NULL, '{{\"real\": \"30m\"}}'::jsonb, 'round_the_clock', 1, '{begin}'::timestamptz
            FROM generate_series(1, {number}) AS n
            UNION ALL
            SELECT {id}, 'resolution', 'running', 1, '{begin}', {breach}, '{{\"real\": \"24h\"}}', 'round_the_clock', 1, NULL
            FROM generate_series(1, {number}) AS n ORDER BY 1;
            INSERT INTO rung (deadline_id, clock, epoch, level, state, fire_time, act_time, promise_time)
            SELECT {id}, 'resolution', 1, 0, CASE WHEN {warned} THEN 'acted' ELSE 'armed' END, {warning},
                CASE WHEN {warned} THEN '{begin}'::timestamptz END, NULL::timestamptz
            FROM generate_series(1, {number}) AS n
            UNION ALL
            SELECT {id}, 'resolution', 1, level, 'armed', {breach} + (level - 1) * interval '8 hours', NULL,
                {breach} + level * interval '8 hours'
            FROM generate_series(1, {number}) AS n, generate_series(1, 3) AS level ORDER BY 1;
            SET session_replication_role = origin;",
            FIXED = fixed(),
        );
        execute(&mut admin, &statement).await?;
        self.settle().await
    }

    /// Brings statistics, visibility and the disk up to date, as time would.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn settle(&self) -> Result<()> {
        let mut admin = self.admin().await?;
        for statement in ["VACUUM ANALYZE deadline", "VACUUM ANALYZE clock", "VACUUM ANALYZE rung", "CHECKPOINT"] {
            execute(&mut admin, statement).await?;
        }
        Ok(())
    }

    /// One number.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn count(&self, statement: &str) -> Result<usize> {
        Ok(usize::try_from(count(&mut self.admin().await?, statement).await?)?)
    }
}

/// The ids of so many that were made under a prefix: among ten millions nobody finds them by their numbers in time.
pub fn ids(prefix: &str, number: usize) -> String {
    format!("SELECT md5('{prefix}' || n)::uuid AS id FROM generate_series(1, {number}) AS n")
}

/// A policy whose terms are known at any hour: it counts all time.
pub const POLICY: &str = "suspicious_activity";

const COLUMNS: &str = "deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, suspensions, state, \
    mismatch, next_due_time, next_fire_time, create_time, update_time";

fn fixed() -> String {
    let set = PolicySet::builtin();
    format!(
        "1, '{POLICY}', {}, '{}', '{POLICY}', 'emergency', 'web_form', '[]', 'tracked', false",
        set.version(),
        set.content_hash()
    )
}
