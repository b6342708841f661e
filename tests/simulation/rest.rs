//! Coming to rest. One look at the tables tells which loops have something to do, so that none is stepped in vain: most of a run is this.

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use tests::Part;

use crate::machinery::{lanes, named, step};
use crate::world::World;

/// More turns than any list needs; a suite that is not quiet by then has two loops feeding each other.
const MOST_TURNS: usize = 400;

/// For each loop with work: the service's schema, its kind and lane, and when its first piece is due.
const WORK: &str = "
    SELECT 'ticket', destination, min(next_attempt_time) FROM ticket.outbox WHERE head AND state = 'waiting' GROUP BY destination
    UNION ALL
    SELECT 'sla', destination, min(next_attempt_time) FROM sla.outbox WHERE head AND state = 'waiting' GROUP BY destination
    UNION ALL
    SELECT 'notification', destination, min(next_attempt_time) FROM notification.outbox WHERE head AND state = 'waiting' GROUP BY destination
    UNION ALL
    SELECT 'identity', destination, min(next_attempt_time) FROM identity.outbox WHERE head AND state = 'waiting' GROUP BY destination
    UNION ALL
    SELECT 'dispatch', lane, min(next_attempt_time) FROM notification.delivery WHERE state IN ('queued', 'sending') GROUP BY lane
    UNION ALL
    SELECT 'pauses', '', look_time
    FROM (SELECT look_time FROM ticket.suspension WHERE end_time IS NULL AND look_time <= $1 ORDER BY look_time LIMIT 1) AS first
    UNION ALL
    SELECT 'monitor', '', next_fire_time
    FROM (SELECT next_fire_time FROM sla.deadline WHERE next_fire_time <= $1 ORDER BY next_fire_time LIMIT 1) AS first";

/// Lanes in the order of the dispatcher's loops.
const LANES: [&str; 4] = ["code", "emergency", "normal", "bulk"];

// === impl World ===

impl World {
    /// Steps every loop that has something to do until nothing is due any more; answers when the next work is.
    pub async fn run(&mut self) -> Result<Option<Timestamp>> {
        for _ in 0..MOST_TURNS {
            let now = self.suite.now();
            let work: Vec<(String, String, Stamp)> =
                sqlx::query_as(WORK).bind(now.to_sqlx()).fetch_all(&mut self.db).await?;
            let mut worked = 0;
            for (what, lane, due) in &work {
                if due.to_jiff() <= now {
                    worked += self.work(what, lane).await?;
                }
            }
            if worked == 0 {
                return Ok(work.into_iter().map(|(.., due)| due.to_jiff()).min());
            }
        }
        anyhow::bail!("the suite does not come to rest")
    }

    /// The same, with the clock turned to whatever is still to be tried again: pauses end, leases run out.
    pub async fn come_to_rest(&mut self) -> Result<()> {
        for _ in 0..MOST_TURNS {
            let Some(next) = self.run().await? else {
                self.rested = self.suite.now();
                return self.learn(None).await;
            };
            // Due and not done: a relay spares a destination that was away a moment ago.
            let later = self.suite.now() + SignedDuration::from_secs(1);
            self.suite.hand.set(if next <= self.suite.now() { later } else { next });
        }
        anyhow::bail!("something waits for ever")
    }

    async fn work(&mut self, what: &str, lane: &str) -> Result<usize> {
        match what {
            "monitor" => self.tick().await,
            "pauses" => {
                let replica = self.replica(Part::Ticket)?;
                step(named(&replica, "pauses").first().context("the loop of pauses")?).await
            }
            "dispatch" => {
                let replica = self.replica(Part::Notification)?;
                let loops = named(&replica, "dispatch");
                let index = LANES.iter().position(|it| *it == lane).context("a lane")?;
                self.bound().await;
                let worked = step(loops.get(index).context("a loop for each lane")?).await?;
                self.collect();
                Ok(worked)
            }
            part => {
                let part: Part = part.parse()?;
                let mut peers = part.peers().to_vec();
                peers.sort_unstable();
                let replica = self.replica(part)?;
                let lanes = lanes(&replica);
                ensure!(lanes.len() == peers.len(), "a way to each peer");
                let index = peers.iter().position(|it| *it == lane).context("a peer")?;
                step(lanes[index]).await
            }
        }
    }
}
