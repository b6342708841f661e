//! What a run lived through: how each op ended, and which situations were reached. A run that never saw an appeal escalate has not shown
//! that escalations work.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;

use crate::op::Op;
use crate::world::World;

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
}

/// What a run of 2,000 lists must have reached, together with the lists that are kept: what chance comes to less than ten times in 2,000 has a list
/// in `reached/`.
pub const NEEDED: &[&str] = &[
    "filed",
    "again: other content refused",
    "again: answered alike",
    "assign: done",
    "assign: MEMBER_NOT_SUITABLE",
    "assign: APPEAL_CLOSED",
    "claim: given",
    "claim: nothing waits",
    "ask: done",
    "ask: STATE_NOT_ALLOWED",
    "inform: done",
    "inform: ASSURANCE_REQUIRED",
    "answer: done",
    "write: done",
    "resolve: done",
    "resolve: ASSURANCE_REQUIRED",
    "meddle: NOT_ASSIGNEE",
    "reopen: done",
    "reopen: REOPEN_WINDOW_PASSED",
    "withdraw: done",
    "withdraw: APPEAL_CLOSED",
    "acknowledge: done",
    "extend: done",
    "ask-body: done",
    "ask-body: STATE_NOT_ALLOWED",
    "body-answers: done",
    "give-body-up: done",
    "extend: ROLE_NOT_ALLOWED",
    "extend: CLOCK_NOT_RUNNING",
    "extend: DEADLINE_PASSED",
    "extend: EXTENSION_PROPOSED",
    "extend: EXTENSION_NOT_ALLOWED",
    "extension governs",
    "extension governs while paused",
    "extension lapsed: due_time_passed",
    "extension lapsed: notice_failed",
    "extension lapsed: appeal_ended",
    "message deadline_extended dropped",
    "applicant reminded",
    "pause ended",
    "message reminder accepted",
    "message pause_ended accepted",
    "message staff_pause_ended accepted",
    "prove: confirmed",
    "a relay died",
    "a dispatcher died",
    "a receipt came",
    "two monitors: one left it to the other",
    "restarted: ticket",
    "restarted: sla",
    "restarted: notification",
    "restarted: identity",
    "a text came without a note of it",
    "a mail came twice, labelled",
    "mail not taken at first",
    "mail refused",
    "rung acceptance 0 acted",
    "rung acceptance 1 acted",
    "rung acceptance 2 acted",
    "rung first_answer 0 acted",
    "rung first_answer 1 acted",
    "rung first_answer 2 acted",
    "rung next_answer 0 acted",
    "rung next_answer 1 acted",
    "rung next_answer 2 acted",
    "level acted in two waits",
    "rung other_body 0 acted",
    "rung other_body 1 acted",
    "rung other_body 2 acted",
    "rung resolution -1 acted",
    "rung resolution 0 acted",
    "rung resolution 1 acted",
    "rung resolution 2 acted",
    "rung superseded",
    "rung suppressed: APPEAL_CLOSED",
    "rung suppressed: CLOCK_NOT_RUNNING",
    "rung suppressed: EPOCH_STALE",
    "acted in a later epoch",
    "message overdue_repeat accepted",
    "message overdue_repeat dropped",
    "message registration accepted",
    "message registration delivered",
    "message registration expired",
    "message registration failed",
    "message applicant_question accepted",
    "message resolution accepted",
    "message staff_escalated accepted",
    "message staff_reminder accepted",
    "message doubled",
    "call tried again",
    "repeat overtaken by the next level",
];

// === impl Tally ===

impl Tally {
    /// One more of these.
    pub fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// One more op of its kind.
    pub fn count_op(&mut self, op: &Op) {
        let line = op.to_string();
        self.count(&format!("op {}", line.split_whitespace().next().unwrap_or_default()));
    }

    fn add(&mut self, what: &str, count: u64) {
        match self.counts.get_mut(what) {
            Some(known) => *known += count,
            None => drop(self.counts.insert(what.to_owned(), count)),
        }
    }

    /// Takes over what another one counted.
    pub fn join(&mut self, other: Self) {
        for (what, count) in other.counts {
            self.add(&what, count);
        }
    }

    /// What is needed and was not reached.
    pub fn missing(&self) -> Vec<&'static str> {
        NEEDED.iter().copied().filter(|what| !self.counts.contains_key(*what)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.iter().try_for_each(|(what, count)| writeln!(f, "{count:>9}  {what}"))
    }
}

const RUNGS: &str = "
    SELECT CASE state
        WHEN 'suppressed' THEN 'rung suppressed: ' || reason
        WHEN 'superseded' THEN 'rung superseded'
        ELSE format('rung %s %s %s', clock, level, state) END, count(*)
    FROM sla.rung WHERE deadline_id = ANY($1) AND state <> 'armed' GROUP BY 1
    UNION ALL
    SELECT CASE
        WHEN type = 'pause_ended' THEN 'pause ended'
        WHEN type = 'applicant_reminded' THEN 'applicant reminded'
        WHEN type = 'extension_lapsed' THEN 'extension lapsed: ' || (data->>'cause')
        WHEN data->'due' = 'null' THEN 'extension governs while paused'
        ELSE 'extension governs' END, count(*)
    FROM ticket.appeal_event WHERE appeal_id = ANY($1) AND type IN ('extended', 'extension_lapsed', 'pause_ended', 'applicant_reminded') GROUP BY 1
    UNION ALL
    SELECT 'acted in a later epoch', count(*) FROM sla.rung
    WHERE deadline_id = ANY($1) AND state = 'acted' AND epoch > 1 AND level > 0 HAVING count(*) > 0
    UNION ALL
    SELECT 'level acted in two waits', count(*) FROM (
        SELECT FROM sla.rung WHERE deadline_id = ANY($1) AND clock IN ('next_answer', 'other_body') AND state = 'acted' AND level > 0
        GROUP BY deadline_id, clock, level HAVING count(*) > 1) AS twice HAVING count(*) > 0";

const MESSAGES: &str = "
    SELECT format('message %s %s', template, delivery.state), count(*)
    FROM notification.notification JOIN notification.delivery USING (notification_id)
    WHERE subject = ANY($1) AND delivery.state <> 'skipped' GROUP BY 1
    UNION ALL
    SELECT 'message doubled', count(*)
    FROM notification.notification JOIN notification.delivery USING (notification_id)
    WHERE subject = ANY($1) AND possibly_doubled HAVING count(*) > 0
    UNION ALL
    SELECT 'mail not taken at first', count(*)
    FROM notification.notification JOIN notification.delivery USING (notification_id)
    WHERE subject = ANY($1) AND channel = 'email' AND delivery.state = 'accepted' AND attempts > 1 AND NOT possibly_doubled HAVING count(*) > 0
    UNION ALL
    SELECT 'mail refused', count(*)
    FROM notification.notification JOIN notification.delivery USING (notification_id)
    WHERE subject = ANY($1) AND reason = 'SMTP_550' HAVING count(*) > 0
    UNION ALL
    SELECT 'call tried again', count(*) FROM ticket.outbox WHERE ordering_key = ANY($1) AND destination IN ('sla', 'notification')
    AND attempts > 1 HAVING count(*) > 0";

// === impl World ===

impl World {
    /// Counts what this list reached.
    pub async fn tell(&mut self) -> Result<()> {
        let ids: Vec<_> = self.appeals.iter().map(|it| it.id).collect();
        let names: Vec<_> = self.appeals.iter().map(|it| it.name.clone()).collect();
        let rungs: Vec<(String, i64)> = sqlx::query_as(RUNGS).bind(ids).fetch_all(&mut self.db).await?;
        let messages: Vec<(String, i64)> = sqlx::query_as(MESSAGES).bind(names).fetch_all(&mut self.db).await?;
        for (what, count) in rungs.into_iter().chain(messages) {
            self.tally.add(&what, count.unsigned_abs());
        }
        Ok(())
    }
}
