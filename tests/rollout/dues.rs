//! Promises that fall due while the services are rolled. The shortest term of the policies is half an hour, so the terms are filed for and
//! then moved: before each roll Postgres is told that some appeals began earlier, by as much as their next rung was away, in ticket's and
//! in the monitor's tables alike. What fires then, fires by itself.
//!
//! ```text
//!   roll of       ticket    identity    notification    sla
//!   wave 1        warning   level 1     level 2                  one half of a wave has the ladder of the first answer before it, the
//!   wave 2                  warning     level 1         level 2  other half has been answered and climbs that of the resolution, each of
//!   wave 3                              warning         level 1  whose levels tells the citizen
//!   wave 4                                              warning
//! ```
//!
//! All terms of the category are real time, so they are as long after the move as before it, whatever the hour of the trial.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Connection as _, Row as _};
use tokio::time::{MissedTickBehavior, interval};

use crate::load::Load;
use crate::world::World;

const CATEGORY: &str = "suspicious_activity";
const WAVES: usize = 4;
/// Appeals of a wave.
const EACH: usize = 8;
/// From the move to the first rung, and to the last: within the roll that follows.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// How often it is looked whether what was due is done.
const LOOK: Duration = Duration::from_millis(100);

/// The appeals, and what fell due of them.
#[derive(Debug)]
pub struct Dues {
    waves: Vec<Vec<String>>,
    rolls: usize,
    pub planned: Vec<Planned>,
}

/// A rung that was given a time within the trial.
#[derive(Clone, Debug)]
pub struct Planned {
    pub appeal: String,
    pub clock: String,
    pub level: i16,
    pub at: Timestamp,
}

// === impl Planned ===

impl Planned {
    /// What it is called in journals.
    pub fn rung(&self) -> String {
        format!("{} {} {}", self.appeal, self.clock, self.level)
    }
}

// === impl Dues ===

impl Dues {
    /// Files the appeals, and answers every other one, so that the ladder of its resolution comes next.
    ///
    /// # Errors
    /// That was a fault, before anything is rolled.
    pub async fn file(load: &Load) -> Result<Self> {
        let mut waves = Vec::new();
        for _ in 0..WAVES {
            let mut wave = Vec::new();
            for number in 0..EACH {
                let filed = load.file(CATEGORY).await.context("an appeal to fall due")?;
                if number % 2 == 1 {
                    load.assign(&filed.name, "staff/guard").await.context("giving it to somebody")?;
                    load.answer(&filed.name).await.context("its first answer")?;
                }
                wave.push(filed.name);
            }
            waves.push(wave);
        }
        Ok(Self { waves, rolls: 0, planned: Vec::new() })
    }

    /// Moves the next rungs of one wave more than last time to the moments that come now, once all that was due is done.
    ///
    /// # Errors
    /// Postgres can't be asked, or some appeal has no rung to move.
    pub async fn fall(&mut self, world: &World) -> Result<()> {
        self.settled(world).await?;
        self.rolls += 1;
        // A ladder has three rungs.
        let waves = &self.waves[self.rolls.saturating_sub(3)..self.rolls];
        let appeals: Vec<&str> = waves.iter().flatten().map(|name| name.trim_start_matches("appeals/")).collect();
        let (first, last) = BETWEEN;
        let gap = (last - first) / u32::try_from(appeals.len())?;
        let mut admin = world.admin().await?;
        let mut tx = admin.begin().await?;
        let next = sqlx::query(NEXT).bind(&appeals).bind(first.as_secs_f64()).bind(gap.as_secs_f64());
        next.execute(&mut *tx).await.context("the next rungs")?;
        for statement in MOVES {
            sqlx::query(statement).execute(&mut *tx).await.context(statement)?;
        }
        let planned = sqlx::query("SELECT 'appeals/' || deadline_id AS appeal, clock, level, at FROM next");
        let planned = planned.fetch_all(&mut *tx).await?;
        ensure!(planned.len() == appeals.len(), "{} of {} appeals have a next rung", planned.len(), appeals.len());
        for row in planned {
            let at = row.get::<jiff_sqlx::Timestamp, _>("at").to_jiff();
            let (appeal, clock, level) = (row.get("appeal"), row.get("clock"), row.get("level"));
            self.planned.push(Planned { appeal, clock, level, at });
        }
        tx.commit().await?;
        Ok(admin.close().await?)
    }

    /// Until everything that was given a time has fired, and the ticket service has answered.
    ///
    /// # Errors
    /// Postgres can't be asked.
    pub async fn settled(&self, world: &World) -> Result<()> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.are_settled(world).await? {
            looks.tick().await;
        }
        Ok(())
    }

    async fn are_settled(&self, world: &World) -> Result<bool> {
        let Some(last) = self.planned.iter().map(|planned| planned.at).max() else { return Ok(true) };
        let mut admin = world.admin().await?;
        let waits =
            "SELECT EXISTS (SELECT FROM sla.rung WHERE state = 'fired' OR (state = 'armed' AND fire_time <= $1))";
        let waits: bool = sqlx::query_scalar(waits).bind(last.to_sqlx()).fetch_one(&mut admin).await?;
        admin.close().await?;
        Ok(!waits)
    }
}

/// The next rung of each appeal, and when it shall be due.
const NEXT: &str = "
    CREATE TEMP TABLE next ON COMMIT DROP AS
    SELECT deadline_id, clock, level, at, at - fire_time AS span FROM (
        SELECT *, now() + make_interval(secs => $2 + $3 * (row_number() OVER (ORDER BY deadline_id) - 1)) AS at FROM (
            SELECT DISTINCT ON (deadline_id) deadline_id, clock, level, fire_time FROM sla.rung
            WHERE state = 'armed' AND deadline_id = ANY ($1::uuid[]) ORDER BY deadline_id, fire_time
        ) AS earliest
    ) AS given";

/// What was due then, is due so much earlier; what has fired already keeps its time.
const MOVES: [&str; 4] = [
    "UPDATE ticket.appeal SET expected_time = expected_time + span,
        first_start_time = first_start_time + span, first_due_time = first_due_time + span,
        resolution_start_time = resolution_start_time + span, resolution_due_time = resolution_due_time + span
        FROM next WHERE appeal_id = deadline_id",
    "UPDATE sla.deadline SET next_due_time = next_due_time + span, next_fire_time = next_fire_time + span
        FROM next WHERE deadline.deadline_id = next.deadline_id",
    "UPDATE sla.clock SET start_time = start_time + span, due_time = due_time + span
        FROM next WHERE clock.deadline_id = next.deadline_id",
    "UPDATE sla.rung SET promise_time = promise_time + span,
        fire_time = CASE state WHEN 'armed' THEN fire_time + span ELSE fire_time END
        FROM next WHERE rung.deadline_id = next.deadline_id",
];
