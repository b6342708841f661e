//! What the SLA monitor knows of each promise, against what the ticket service promised.

use anyhow::{Context, Result, ensure};
use jiff_sqlx::Timestamp as Stamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::world::World;

#[derive(Debug, FromRow)]
struct Row {
    deadline_id: Uuid,
    revision: i64,
    tracked: String,
    mismatch: bool,
    next_due_time: Option<Stamp>,
    next_fire_time: Option<Stamp>,
    kind: String,
    state: String,
    epoch: i64,
    due_time: Option<Stamp>,
    acknowledged_level: Option<i16>,
    acknowledge_time: Option<Stamp>,
}

// === impl World ===

impl World {
    pub(super) async fn check_promises(&mut self) -> Result<()> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT deadline_id, revision, deadline.state AS tracked, mismatch, next_due_time, next_fire_time, kind, clock.state,
                epoch, due_time, acknowledged_level, acknowledge_time
            FROM sla.deadline JOIN sla.clock USING (deadline_id) WHERE deadline_id = ANY($1)",
        )
        .bind(self.ids())
        .fetch_all(&mut self.db)
        .await?;
        let now = self.suite.now();
        for appeal in &self.appeals {
            for (kind, clock) in appeal.clocks() {
                let row = rows.iter().find(|row| row.deadline_id == appeal.id && row.kind == kind);
                let row = row.with_context(|| format!("{} is not watched", appeal.name))?;
                let name = format!("{} {kind}", appeal.name);
                ensure!(
                    row.revision == appeal.revision,
                    "{name}: revision {} in place of {}",
                    row.revision,
                    appeal.revision
                );
                let acknowledged = row.acknowledged_level.map(i64::from).zip(row.acknowledge_time.map(Stamp::to_jiff));
                ensure!(acknowledged == appeal.told_acknowledged, "{name}: {acknowledged:?} acknowledged");
                let (due, known) = (row.due_time.map(Stamp::to_jiff), (clock.state, clock.epoch, clock.due_time));
                ensure!((row.state.as_str(), row.epoch, due) == known, "{name}: {row:?} in place of {known:?}");
                ensure!(!row.mismatch, "{name}: the monitor's arithmetic gives another due time than {due:?}");
                let is_over = appeal.clocks().iter().all(|(_, clock)| clock.is_over());
                ensure!((row.tracked == "stopped") == is_over, "{name}: {}", row.tracked);
                let next = appeal.clocks().iter().filter_map(|(_, clock)| clock.due_time).min();
                ensure!(row.next_due_time.map(Stamp::to_jiff) == next, "{name}: next due {:?}", row.next_due_time);
                ensure!(
                    row.next_fire_time.is_none_or(|time| time.to_jiff() > now && next.is_some()),
                    "{name}: {:?} is past, or fires for nothing",
                    row.next_fire_time
                );
            }
        }
        Ok(())
    }
}
