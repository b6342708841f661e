//! An appeal that is handed up, folded from the journal.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::catalogue::{member, rank};
use crate::clock::HandedUp;
use crate::journal::Event;
use crate::model::Appeal;

// === impl Appeal ===

impl Appeal {
    /// Only a clock that runs escalates, in its present epoch, to a level above those that acted.
    pub(crate) fn escalate(&mut self, event: &Event) -> Result<()> {
        let (name, level, epoch) = (event.text("clock").to_owned(), event.number_of("level"), event.number_of("epoch"));
        let expected_time = event.time_of("expected_time");
        let proposed = self.is_proposed;
        let clock = self.clock(&name)?;
        ensure!(clock.state == "running", "escalated by a clock that is {}", clock.state);
        ensure!(clock.epoch == epoch, "escalated in epoch {epoch}, which is {} by now", clock.epoch);
        ensure!(level > clock.level, "level {level} acts after level {}", clock.level);
        ensure!(clock.due_time.is_some_and(|due| due <= event.time), "escalated before it is due");
        ensure!(name != "resolution" || !proposed, "escalated, and more time is still proposed");
        clock.level = level;
        ensure!(expected_time.is_some() == (name == "resolution"), "who promises what to whom?");
        if let Some(time) = expected_time {
            ensure!(time > event.time, "a time is promised that is over");
            self.expected_time = expected_time;
        }
        let wanted = if level >= 2 { "supervisor" } else { "senior_specialist" };
        let unseen = event.data["unseen"] == true;
        ensure!(unseen == (level <= self.level && self.is_acknowledged), "who had seen it has not seen this");
        if unseen || level > self.level {
            (self.is_acknowledged, self.acknowledged) = (false, None);
        }
        if level > self.level {
            self.level = level;
            self.queue_level = self.queue_level.max(rank(wanted));
            let holder = self.assignee.as_deref().and_then(member);
            match &event.data["handed"] {
                Value::Null => ensure!(holder.is_some_and(|it| rank(&it.level) >= rank(wanted)), "it stays too low"),
                handed => {
                    let to = handed["to"].as_str().and_then(member).context("somebody of each level is on duty")?;
                    ensure!(to.level == wanted && to.groups.contains(&self.category.group), "handed to {}", to.id);
                    self.assignee = Some(to.id.clone());
                }
            }
        } else {
            ensure!(event.data["handed"].is_null(), "handed to a level that it had reached");
        }
        self.handed_up.push(HandedUp { clock: name, epoch, level, time: event.time, expected_time });
        Ok(())
    }
}
