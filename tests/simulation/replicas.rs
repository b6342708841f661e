//! Services beside each other and one after the other: two monitors at the same work, and a service that is stopped and started.

use std::cell::Cell;

use anyhow::{Context, Result, ensure};
use jiff_sqlx::ToSqlx;
use sqlx::Connection as _;
use tests::Part;

use crate::machinery::{named, step};
use crate::world::World;

/// What monitors wait for: those of them that look at deadlines now and can't go on.
const WAITING: &str = "
    SELECT CASE WHEN relation = 'sla.rung'::regclass THEN 'the gate' ELSE locktype END FROM pg_locks AS wanted
    WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks WHERE granted AND relation = 'sla.deadline'::regclass
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";

// === impl World ===

impl World {
    /// Two steps of the monitor that are at it at the same moment, for certain: nobody can write a rung until both have chosen their deadlines.
    /// A step keeps nothing in its process, so two of one replica are as good as those of two. Fewer are due than one takes, so as a rule one
    /// has all of them in hand and the other leaves them alone without waiting; now and then each is first at some of them.
    pub async fn two_ticks(&mut self) -> Result<()> {
        let replica = self.replica(Part::Sla)?;
        let monitors = named(&replica, "monitor");
        let monitor = monitors.first().context("the monitor's loop")?;
        let now = self.suite.now().to_sqlx();
        let mut gate = self.db.begin().await?;
        sqlx::query("LOCK TABLE sla.rung IN SHARE MODE").execute(&mut *gate).await?;
        // The canary, which is among what is due, has no rung and passes the gate.
        let due =
            "SELECT count(*) FILTER (WHERE state = 'tracked'), count(*) FROM sla.deadline WHERE next_fire_time <= $1";
        let (gated, due): (i64, i64) = sqlx::query_as(due).bind(now).fetch_one(&mut *gate).await?;
        let ended = Cell::new(0);
        let tick = || async {
            let done = step(monitor).await;
            ended.set(ended.get() + 1);
            done
        };
        let open = async {
            loop {
                let waiting: Vec<String> = sqlx::query_scalar(WAITING).fetch_all(&mut *gate).await?;
                let waits_for_other = waiting.iter().any(|what| what != "the gate");
                if waits_for_other || waiting.len() + ended.get() == 2 {
                    gate.rollback().await?;
                    ensure!(!waits_for_other, "one monitor waits for the other: {waiting:?}");
                    return Ok(waiting.len());
                }
            }
        };
        let (one, other, at_work) = tokio::join!(tick(), tick(), open);
        let (at_work, done) = (at_work?, one? + other?);
        let (gated, due) = (usize::try_from(gated)?, usize::try_from(due)?);
        let is_theirs = (gated.min(1)..=gated.min(2)).contains(&at_work);
        ensure!(is_theirs, "{at_work} monitors have {gated} deadlines in hand");
        ensure!(due == done, "{done} deadlines were looked at, {due} were due");
        self.tally.count(match at_work {
            0 => "two monitors: nothing is due",
            1 => "two monitors: one left it to the other",
            _ => "two monitors: each had some of it",
        });
        Ok(())
    }

    /// A service is stopped and started.
    pub async fn restart(&mut self, part: Part) -> Result<()> {
        self.suite.stop_part(part).await;
        self.suite.start_part(part).await;
        self.desk.forget(part);
        self.replicas = self.suite.replicas().await;
        self.collect();
        self.tally.count(&format!("restarted: {part}"));
        Ok(())
    }
}
