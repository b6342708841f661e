//! The appeals' rows against our fold of their journals, and against the service's own replay.

use anyhow::{Context, Result, ensure};
use jiff_sqlx::Timestamp as Stamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::clock::Clock;
use crate::model::Appeal;
use crate::world::World;

#[derive(Debug, FromRow)]
struct Row {
    appeal_id: Uuid,
    number: String,
    state: String,
    assignee: Option<String>,
    queue_level: i16,
    escalation_level: i16,
    first_state: String,
    first_epoch: i64,
    first_due_time: Option<Stamp>,
    first_level: i16,
    acceptance: Option<serde_json::Value>,
    next_answer: Option<serde_json::Value>,
    other_body: Option<serde_json::Value>,
    resolution_state: String,
    resolution_epoch: i64,
    resolution_due_time: Option<Stamp>,
    resolution_level: i16,
    expected_time: Option<Stamp>,
    revision: i64,
    last_event_no: i64,
    open_suspensions: i64,
}

// === impl World ===

impl World {
    pub(super) async fn check_rows(&mut self) -> Result<()> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT appeal_id, number, state, assignee, queue_level, escalation_level, first_state, first_epoch, first_due_time,
                first_level, acceptance, next_answer, other_body, resolution_state, resolution_epoch, resolution_due_time, resolution_level, expected_time, revision,
                last_event_no, (SELECT count(*) FROM ticket.suspension AS s WHERE s.appeal_id = appeal.appeal_id
                    AND s.end_time IS NULL) AS open_suspensions
            FROM ticket.appeal WHERE appeal_id = ANY($1)",
        )
        .bind(self.ids())
        .fetch_all(&mut self.db)
        .await?;
        for appeal in &self.appeals {
            let row = rows.iter().find(|row| row.appeal_id == appeal.id).context("an appeal is gone")?;
            row.compare(appeal).with_context(|| appeal.name.clone())?;
            let differs = self.audit.differs(appeal.id).await?;
            ensure!(differs.is_none(), "{}: the replay differs: {}", appeal.name, differs.unwrap_or_default());
            self.in_time(appeal).with_context(|| appeal.name.clone())?;
        }
        Ok(())
    }

    /// Nothing that runs is overdue without the level that has it now.
    fn in_time(&self, appeal: &Appeal) -> Result<()> {
        let now = self.suite.now();
        for (name, clock) in appeal.clocks() {
            let is_overdue = clock.due_time.is_some_and(|due| due <= now);
            ensure!(
                !is_overdue || clock.level >= 1,
                "overdue by {name} since {:?}, and nobody was told",
                clock.due_time
            );
        }
        let is_reminded = appeal.remind_time.is_none_or(|time| time > now);
        ensure!(!appeal.is_paused() || is_reminded, "to be reminded at {:?}, and was not", appeal.remind_time);
        let is_waited_for = appeal.resume_time.is_none_or(|time| time > now);
        ensure!(!appeal.is_paused() || is_waited_for, "waited for until {:?}, and paused still", appeal.resume_time);
        ensure!(!appeal.is_proposed, "more time is proposed, and nothing comes of it");
        // What the citizen was last told is still to come, unless it was handed up as far as it goes.
        let is_over = appeal.expected_time.is_some_and(|time| time <= now);
        ensure!(
            !is_over || appeal.resolution.level == 2,
            "expected at {:?} on level {}",
            appeal.expected_time,
            appeal.resolution.level
        );
        Ok(())
    }
}

// === impl Row ===

impl Row {
    fn compare(&self, appeal: &Appeal) -> Result<()> {
        ensure!(self.number == appeal.number.replace('-', ""), "number {} in place of {}", self.number, appeal.number);
        ensure!(self.state == appeal.state, "state {} in place of {}", self.state, appeal.state);
        ensure!(self.assignee == appeal.assignee, "assignee {:?} in place of {:?}", self.assignee, appeal.assignee);
        ensure!(
            self.queue_level == appeal.queue_level,
            "queue {} in place of {}",
            self.queue_level,
            appeal.queue_level
        );
        ensure!(
            i64::from(self.escalation_level) == appeal.level,
            "level {} in place of {}",
            self.escalation_level,
            appeal.level
        );
        ensure!(self.revision == appeal.revision, "revision {} in place of {}", self.revision, appeal.revision);
        ensure!(
            self.last_event_no == appeal.last_event,
            "{} events in place of {}",
            self.last_event_no,
            appeal.last_event
        );
        let expected = self.expected_time.map(Stamp::to_jiff);
        ensure!(expected == appeal.expected_time, "expected {expected:?} in place of {:?}", appeal.expected_time);
        let first = (&self.first_state, self.first_epoch, self.first_due_time, self.first_level);
        let resolution =
            (&self.resolution_state, self.resolution_epoch, self.resolution_due_time, self.resolution_level);
        is_same("first answer", first, &appeal.first)?;
        is_same("resolution", resolution, &appeal.resolution)?;
        is_same_json("acceptance", self.acceptance.as_ref(), &appeal.acceptance)?;
        is_same_json("next answer", self.next_answer.as_ref(), &appeal.next)?;
        is_same_json("other body", self.other_body.as_ref(), &appeal.other)?;
        let paused = i64::from(appeal.is_paused());
        ensure!(self.open_suspensions == paused, "{} open suspensions in place of {paused}", self.open_suspensions);
        Ok(())
    }
}

fn is_same_json(name: &str, row: Option<&serde_json::Value>, clock: &Clock) -> Result<()> {
    let known = (clock.state != "none").then(|| {
        let due = clock.due_time.map(|due| due.to_string());
        serde_json::json!([clock.state, clock.epoch, clock.begun, due, clock.level])
    });
    let row = row
        .map(|it| serde_json::json!([it["state"], it["epoch"], it["start_epoch"], it["due_time"], it["acted_level"]]));
    ensure!(row == known, "{name}: {row:?} in place of {known:?}");
    Ok(())
}

fn is_same(name: &str, row: (&String, i64, Option<Stamp>, i16), clock: &Clock) -> Result<()> {
    let (state, epoch, due, level) = row;
    let row = (state.as_str(), epoch, due.map(Stamp::to_jiff), i64::from(level));
    let known = (clock.state, clock.epoch, clock.due_time, clock.level);
    ensure!(row == known, "{name}: {row:?} in place of {known:?}");
    Ok(())
}
