//! How notifications ended, and what the journal was told of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::Timestamp as Stamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::rungs::Rung;
use crate::world::World;

/// A message on a channel, with what it belongs to.
#[derive(Debug, FromRow)]
pub struct Delivery {
    pub delivery_id: Uuid,
    pub notification_id: Uuid,
    pub sender: String,
    pub send_request_id: Uuid,
    pub recipient_id: String,
    pub template: String,
    pub subject: String,
    pub event_time: Stamp,
    pub expire_time: Stamp,
    pub notification_state: String,
    pub supersedes: Vec<String>,
    pub channel: String,
    pub state: String,
    pub reason: String,
    pub possibly_doubled: bool,
    pub doubts: i32,
    pub attempts: i32,
    pub has_values: bool,
}

/// The notice of a level.
pub(super) const REPEAT: &str = "overdue_repeat";
/// What something later makes untrue.
const SUPERSEDED: [&str; 5] = [REPEAT, "deadline_extended", "applicant_question", "reminder", "pause_ended"];

// === impl World ===

impl World {
    /// Everything there is: nothing is left of other lists.
    pub(super) async fn deliveries(&mut self) -> Result<Vec<Delivery>> {
        let deliveries = sqlx::query_as(
            "SELECT delivery_id, notification_id, sender, send_request_id, recipient_id, template, subject, event_time, expire_time,
                notification.state AS notification_state, supersedes, channel, delivery.state, reason,
                possibly_doubled, doubts, attempts, variables IS NOT NULL AS has_values
            FROM notification.notification JOIN notification.delivery USING (notification_id)",
        );
        Ok(deliveries.fetch_all(&mut self.db).await?)
    }

    pub(super) fn check_notices(&self, rungs: &[Rung], deliveries: &[Delivery]) -> Result<()> {
        for appeal in &self.appeals {
            let ours: Vec<&Delivery> = deliveries.iter().filter(|it| it.subject == appeal.name).collect();
            self.check_outcomes(&appeal.name, &appeal.outcomes, &ours, rungs).with_context(|| appeal.name.clone())?;
        }
        for it in deliveries {
            self.check_end(it, deliveries).with_context(|| format!("{it:?}"))?;
        }
        Ok(())
    }

    /// The last that the journal was told of each message is where it stands.
    fn check_outcomes(
        &self,
        appeal: &str,
        told: &[(String, String, String)],
        deliveries: &[&Delivery],
        rungs: &[Rung],
    ) -> Result<()> {
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        let mut once = BTreeSet::new();
        for (_, of, state) in told {
            last.insert(of, state);
            ensure!(once.insert((of, state)), "heard twice that {of} is {state}");
        }
        let mut known = 0;
        for it in deliveries.iter().filter(|it| it.channel == "email") {
            let rung = rungs.iter().find(|rung| rung.notice_request_id == Some(it.send_request_id));
            let of = match rung {
                Some(rung) => format!("{}/{}/{}", rung.clock, rung.epoch, rung.level),
                None => format!("notifications/{}", it.notification_id),
            };
            let heard = last.get(of.as_str()).copied().unwrap_or("nothing");
            ensure!(heard == it.notification_state, "{}: heard {heard}, is {}", it.template, it.notification_state);
            if let Some(rung) = rung {
                let noted = rung.notice.as_deref().unwrap_or_default().to_lowercase();
                ensure!(noted == it.notification_state, "the rung notes {noted}, is {}", it.notification_state);
            }
            known += 1;
        }
        ensure!(last.len() == known, "{appeal} heard of {} messages and has {known}", last.len());
        Ok(())
    }

    /// A message ended, and for a reason that there was.
    fn check_end(&self, it: &Delivery, all: &[Delivery]) -> Result<()> {
        let now: Timestamp = self.suite.now();
        ensure!(!it.has_values, "what it said is not erased");
        ensure!(it.possibly_doubled || it.doubts == 0, "doubts without a label");
        match (it.state.as_str(), it.reason.as_str()) {
            ("accepted" | "delivered", _) => ensure!(it.attempts > 0, "taken without an attempt"),
            ("failed", "UNKNOWN_OUTCOME") => ensure!(it.doubts >= 2, "given up after {} doubts", it.doubts),
            ("failed", "SMPP_0000000B" | "UNREACHABLE") => ensure!(it.channel == "sms", "an SMS centre's word"),
            ("failed", "SMTP_550") => ensure!(it.channel == "email", "a mail relay's word"),
            ("expired", _) => {
                // A text whose last second has begun can't be sent any more: SMPP tells a validity in seconds.
                let grace = SignedDuration::from_secs(i64::from(it.channel == "sms"));
                ensure!(
                    it.expire_time.to_jiff() < now + grace || it.expire_time.to_jiff() == now,
                    "expired before its time"
                );
            }
            ("dropped", "SUPERSEDED") => {
                let by = |other: &&Delivery| {
                    other.subject == it.subject
                        && other.supersedes.contains(&it.template)
                        && other.event_time.to_jiff() >= it.event_time.to_jiff()
                };
                ensure!(
                    SUPERSEDED.contains(&it.template.as_str()) && all.iter().any(|other| by(&other)),
                    "dropped for nothing"
                );
            }
            ("skipped", "NO_ADDRESS") => {
                ensure!(it.recipient_id.starts_with("staff-") && it.channel == "sms", "whose address is known");
            }
            (state, reason) => anyhow::bail!("{state} for {reason}"),
        }
        Ok(())
    }
}
