//! Rungs against what the journal says of escalations: one for one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use jiff_sqlx::Timestamp as Stamp;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::clock::warning;
use crate::model::Appeal;
use crate::world::World;

/// Levels of the shipped ladders above the warning.
const LEVELS: i16 = 2;

/// A step of a ladder as it is stored.
#[derive(Debug, FromRow)]
pub struct Rung {
    pub deadline_id: Uuid,
    pub clock: String,
    pub epoch: i64,
    pub level: i16,
    pub state: String,
    pub fire_time: Option<Stamp>,
    pub act_time: Option<Stamp>,
    pub reason: Option<String>,
    pub notice: Option<String>,
    pub notice_request_id: Option<Uuid>,
}

#[derive(Debug, FromRow)]
struct HandOver {
    note: Value,
    settle_time: Option<Stamp>,
}

// === impl World ===

impl World {
    pub(super) async fn check_rungs(&mut self) -> Result<Vec<Rung>> {
        let rungs: Vec<Rung> = sqlx::query_as(
            "SELECT deadline_id, clock, epoch, level, state, fire_time, act_time, reason, notice, notice_request_id
            FROM sla.rung WHERE deadline_id = ANY($1)",
        )
        .bind(self.ids())
        .fetch_all(&mut self.db)
        .await?;
        let heard = self.hand_overs().await?;
        let now = self.suite.now();
        for appeal in &self.appeals {
            let ours: Vec<&Rung> = rungs.iter().filter(|it| it.deadline_id == appeal.id).collect();
            let acted: BTreeSet<_> =
                ours.iter().filter(|it| it.state == "acted" && it.level > 0).map(|it| it.key()).collect();
            let handed_up: BTreeSet<_> =
                appeal.handed_up.iter().map(|it| (it.clock.clone(), it.epoch, it.level)).collect();
            let odd = || {
                ours.iter()
                    .filter(|it| acted.symmetric_difference(&handed_up).any(|key| *key == it.key()))
                    .collect::<Vec<_>>()
            };
            ensure!(
                acted == handed_up,
                "{}: {acted:?} acted, {handed_up:?} is in the journal: {:?}",
                appeal.name,
                odd()
            );
            let warned: BTreeSet<_> = ours
                .iter()
                .filter(|it| it.state == "acted" && it.level <= 0)
                .map(|it| warning(&it.clock, it.epoch, it.level.into()))
                .collect();
            ensure!(
                warned == appeal.warned,
                "{}: {warned:?} warned, {:?} is in the journal",
                appeal.name,
                appeal.warned
            );
            for rung in &ours {
                let is_early = rung.state == "armed" && rung.reason.is_some();
                let below = |it: &&&Rung| it.state == "acted" && it.clock == rung.clock && it.level == rung.level - 1;
                let acted = ours.iter().filter(below).filter_map(|it| it.act_time).map(Stamp::to_jiff).max();
                let is_seen =
                    |(level, time): (i64, Timestamp)| level >= i64::from(rung.level) - 1 && acted <= Some(time);
                ensure!(
                    !(is_early && appeal.told_acknowledged.is_some_and(is_seen)),
                    "{}: {rung:?} does not wait for who has it and has seen it",
                    appeal.name
                );
                rung.stands(appeal, now).with_context(|| format!("{} {rung:?}", appeal.name))?;
            }
            ladders_go_on(appeal, &ours).with_context(|| appeal.name.clone())?;
            for acted in appeal.handed_up.iter().filter(|it| it.clock == "resolution") {
                let rung = ours.iter().find(|it| it.key() == (acted.clock.clone(), acted.epoch, acted.level));
                if rung.is_some_and(|it| it.notice_request_id.is_some()) {
                    continue;
                }
                // The citizen is not told of a time that had passed when the monitor heard of it, as long as there is a level to follow.
                let key = (appeal.id, acted.clock.clone(), acted.epoch, acted.level);
                let heard = heard.get(&key).copied().flatten().context("a hand-over whose call is not settled")?;
                let is_overtaken = acted.level < 2 && acted.expected_time.is_some_and(|time| time <= heard);
                ensure!(is_overtaken, "{}: level {} acted, and the citizen is not told", appeal.name, acted.level);
                self.tally.count("repeat overtaken by the next level");
            }
        }
        Ok(rungs)
    }

    /// When the answer to each hand-over was settled. No rung hands up twice.
    async fn hand_overs(&mut self) -> Result<BTreeMap<(Uuid, String, i64, i64), Option<Timestamp>>> {
        let calls: Vec<HandOver> = sqlx::query_as(
            "SELECT note, settle_time FROM sla.outbox
            WHERE destination = 'ticket' AND ordering_key = ANY($1) AND method LIKE '%/EscalateAppeal'",
        )
        .bind(self.names())
        .fetch_all(&mut self.db)
        .await?;
        let mut all = BTreeMap::new();
        for HandOver { note, settle_time } in calls {
            let id = note["deadline"].as_str().context("a note")?.parse()?;
            let clock = note["clock"].as_str().context("a clock")?.to_owned();
            let (epoch, level) = (note["epoch"].as_i64().context("epoch")?, note["level"].as_i64().context("level")?);
            let before = all.insert((id, clock, epoch, level), settle_time.map(Stamp::to_jiff));
            ensure!(before.is_none(), "level {level} of epoch {epoch} handed up twice");
        }
        Ok(all)
    }
}

/// Whatever has not had its turn on the ladder of a clock that runs waits for it: a warning or a level that nobody armed would be missed by
/// nobody else.
fn ladders_go_on(appeal: &Appeal, rungs: &[&Rung]) -> Result<()> {
    for (name, clock) in appeal.clocks().into_iter().filter(|(_, clock)| clock.state == "running") {
        let ladder = || rungs.iter().filter(|it| it.clock == name && it.epoch >= clock.begun);
        // What acted in an older epoch is not done again, and what was superseded in this one had its turn.
        let past = ladder().filter(|it| it.state == "acted" || it.epoch == clock.epoch && it.state != "armed");
        // The resolution is warned about once more, before the others are.
        let first = if name == "resolution" { -1 } else { 0 };
        let next = past.map(|it| it.level + 1).max().unwrap_or(first);
        let waiting: Vec<i16> =
            ladder().filter(|it| it.state == "armed" && it.fire_time.is_some()).map(|it| it.level).collect();
        let missing: Vec<i16> = (next..=LEVELS).filter(|level| !waiting.contains(level)).collect();
        ensure!(missing.is_empty(), "{name}: levels {missing:?} wait for nothing, {waiting:?} do");
    }
    Ok(())
}

// === impl Rung ===

impl Rung {
    /// What it is known by, its deadline aside.
    pub fn key(&self) -> (String, i64, i64) {
        (self.clock.clone(), self.epoch, self.level.into())
    }

    fn stands(&self, appeal: &Appeal, now: Timestamp) -> Result<()> {
        let clock = appeal.clocks().into_iter().find(|(name, _)| *name == self.clock).context("its clock")?.1;
        match self.state.as_str() {
            "armed" => {
                ensure!(!clock.is_over(), "armed by a clock that is {}", clock.state);
                ensure!(self.epoch == clock.epoch, "armed in an epoch that is {} by now", clock.epoch);
                let is_above = i64::from(self.level) > clock.level || self.level <= 0 && clock.level == 0;
                ensure!(is_above, "armed below a level that acted");
                let is_due = self.fire_time.is_some_and(|time| time.to_jiff() <= now);
                ensure!(!is_due || clock.state != "running", "due, and did not fire");
            }
            "acted" => {}
            "suppressed" => {
                let reason = self.reason.as_deref().unwrap_or_default();
                let is_known = ["APPEAL_CLOSED", "CLOCK_NOT_RUNNING", "EPOCH_STALE"].contains(&reason);
                ensure!(is_known, "suppressed for {reason}");
                // Whatever runs in the epoch that it has now ran in it all the time.
                let is_wrong = clock.state == "running" && self.epoch == clock.epoch;
                ensure!(!is_wrong, "refused for {reason}, and its clock runs");
            }
            "superseded" => {
                let higher =
                    clock.level >= i64::from(self.level) || self.epoch < clock.epoch || clock.state != "running";
                ensure!(higher, "superseded by nothing");
            }
            state => anyhow::bail!("{state} at rest"),
        }
        Ok(())
    }
}
