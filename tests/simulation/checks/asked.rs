//! What was asked of notification, and what it took, against what there was to tell: one for one.
//!
//! ```text
//!  journal ──► calls of the ticket service ────────► notifications     of two events of one moment notification tells the first: its key
//!  rungs   ──► calls of the SLA monitor ───────────► notifications     (sender, recipient, subject, template, time) is that of the event
//!  codes   ──► calls of identity verification ─────► notifications     none whose code had died before it was asked for
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use anyhow::{Context, Result, ensure};
use sqlx::FromRow;
use uuid::Uuid;

use super::notices::Delivery;
use super::rungs::Rung;
use crate::model::Appeal;
use crate::world::World;

/// A call that asks for a message; its id is the request's.
#[derive(Debug, FromRow)]
struct Call {
    sender: String,
    call_id: Uuid,
    ordering_key: String,
    is_done: bool,
}

const CALLS: &str = "
    SELECT 'systems/ticket' AS sender, call_id, ordering_key, state = 'done' AS is_done
    FROM ticket.outbox WHERE method LIKE '%/SendNotification'
    UNION ALL SELECT 'systems/sla', call_id, ordering_key, state = 'done'
    FROM sla.outbox WHERE method LIKE '%/SendNotification'
    UNION ALL SELECT 'systems/identity', call_id, ordering_key, state = 'done'
    FROM identity.outbox WHERE method LIKE '%/SendNotification'";

/// As many of each, in any order.
fn one_for_one<T: PartialEq + Debug>(wanted: impl IntoIterator<Item = T>, got: impl Iterator<Item = T>) -> Result<()> {
    let mut missing: Vec<T> = wanted.into_iter().collect();
    let mut surplus = Vec::new();
    for it in got {
        match missing.iter().position(|wanted| *wanted == it) {
            Some(place) => drop(missing.swap_remove(place)),
            None => surplus.push(it),
        }
    }
    ensure!(missing.is_empty(), "missing: {missing:?}");
    ensure!(surplus.is_empty(), "once too often, or for nothing: {surplus:?}");
    Ok(())
}

// === impl World ===

impl World {
    pub(super) async fn check_asked(&mut self, rungs: &[Rung], deliveries: &[Delivery]) -> Result<()> {
        let calls: Vec<Call> = sqlx::query_as(CALLS).fetch_all(&mut self.db).await?;
        let mut channels: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
        let mut taken: Vec<&Delivery> = Vec::new();
        for it in deliveries {
            let channels = channels.entry(it.notification_id).or_default();
            if channels.is_empty() {
                taken.push(it);
            }
            channels.push(&it.channel);
        }
        for it in &taken {
            let expected: &[&str] = match it.template.as_str() {
                "status_change" => &["email"],
                "verification_code" => &["sms"],
                _ => &["sms", "email"],
            };
            one_for_one(expected.iter().copied(), channels[&it.notification_id].iter().copied())
                .with_context(|| format!("channels of {it:?}"))?;
            let key =
                if it.sender == IDENTITY { format!("recipients/{}", it.recipient_id) } else { it.subject.clone() };
            let is_its = |call: &&Call| call.call_id == it.send_request_id;
            let call = calls.iter().find(is_its).with_context(|| format!("nobody asked for {it:?}"))?;
            ensure!((&call.sender, &call.ordering_key) == (&it.sender, &key), "{call:?} asked for {it:?}");
        }
        for appeal in &self.appeals {
            of_journal(appeal, &calls, &taken).with_context(|| format!("asked about {}", appeal.name))?;
            of_rungs(appeal, rungs, &calls, &taken).with_context(|| format!("repeats about {}", appeal.name))?;
        }
        self.of_codes(&calls, &taken).context("codes")?;
        let known: BTreeSet<&str> =
            self.appeals.iter().map(|it| &*it.name).chain(self.codes.iter().map(|it| &*it.verification)).collect();
        let strange = taken.iter().find(|it| !known.contains(it.subject.as_str()));
        ensure!(strange.is_none(), "about nothing: {strange:?}");
        Ok(())
    }

    /// Each code is asked for once. A call that died with its code may have been taken all the same: its answer was lost.
    fn of_codes(&self, calls: &[Call], taken: &[&Delivery]) -> Result<()> {
        let calls: Vec<&Call> = calls.iter().filter(|it| it.sender == IDENTITY).collect();
        let wanted = self.codes.iter().map(|it| format!("recipients/{}", it.recipient));
        one_for_one(wanted, calls.iter().map(|it| it.ordering_key.clone())).context("asked for")?;
        let taken: Vec<&&Delivery> = taken.iter().filter(|it| it.sender == IDENTITY).collect();
        let lost = calls.iter().filter(|it| it.is_done).map(|it| it.call_id);
        let lost: Vec<Uuid> = lost.filter(|id| !taken.iter().any(|it| it.send_request_id == *id)).collect();
        ensure!(lost.is_empty(), "asked for by {lost:?}, and there is none");
        let told: BTreeSet<(&str, &str)> = taken.iter().map(|it| (&*it.subject, &*it.template)).collect();
        ensure!(told.len() == taken.len(), "one is told more than once: {taken:?}");
        Ok(())
    }
}

/// The sender of codes.
const IDENTITY: &str = "systems/identity";

fn of_journal(appeal: &Appeal, calls: &[Call], taken: &[&Delivery]) -> Result<()> {
    let is_ours = |sender: &str, about: &str| sender == "systems/ticket" && about == appeal.name;
    let count = calls.iter().filter(|it| is_ours(&it.sender, &it.ordering_key)).count();
    let taken = taken.iter().filter(|it| is_ours(&it.sender, &it.subject));
    let taken = taken.map(|it| (it.template.as_str(), it.recipient_id.clone(), it.event_time.to_jiff()));
    let wanted: BTreeSet<_> = appeal.notices.iter().cloned().collect();
    one_for_one(wanted, taken).context("notifications")?;
    ensure!(count == appeal.notices.len(), "asked {count} times for {:?}", appeal.notices);
    Ok(())
}

fn of_rungs(appeal: &Appeal, rungs: &[Rung], calls: &[Call], taken: &[&Delivery]) -> Result<()> {
    let is_ours = |sender: &str, about: &str| sender == "systems/sla" && about == appeal.name;
    let released = || rungs.iter().filter(|it| it.deadline_id == appeal.id).filter_map(|it| it.notice_request_id);
    let asked = calls.iter().filter(|it| is_ours(&it.sender, &it.ordering_key)).map(|it| it.call_id);
    one_for_one(released(), asked).context("calls")?;
    let taken = taken.iter().filter(|it| is_ours(&it.sender, &it.subject)).map(|it| it.send_request_id);
    one_for_one(released(), taken).context("notifications")
}
