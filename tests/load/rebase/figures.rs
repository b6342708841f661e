//! What was told and what was done, by clock, category and group.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff_sqlx::Timestamp;
use proto::sla::v1::{ClockKind, PreviewChangeResponse, PreviewedChange};
use sqlx::PgConnection;

/// How many clocks are due when.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// At the same time as before, or paused.
    pub same_due_time: i64,
    /// Later.
    pub later: i64,
    /// Earlier.
    pub earlier: i64,
}

/// By clock, category and group.
pub type ByKey = BTreeMap<(String, String, String), Figures>;

/// What a preview tells.
pub fn previewed(seen: &PreviewChangeResponse) -> ByKey {
    let figures = |it: &PreviewedChange| Figures {
        same_due_time: it.unchanged_count + it.other_terms_count,
        later: it.later_count,
        earlier: it.earlier_count,
    };
    let clock = |kind: ClockKind| kind.as_str_name().trim_start_matches("CLOCK_KIND_").to_lowercase();
    let key = |it: &PreviewedChange| (clock(it.clock()), it.category.clone(), it.group.clone());
    seen.changes.iter().map(|it| (key(it), figures(it))).collect()
}

/// What the log has, with the clocks that nobody had to ask for.
///
/// # Errors
/// Postgres refuses.
pub async fn done(admin: &mut PgConnection) -> Result<ByKey> {
    type Row = (String, String, String, Option<Timestamp>, Option<Timestamp>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT clock.kind, category, coalesce(queue_group, ''), entry.old_due_time, entry.due_time
        FROM sla.deadline JOIN sla.clock USING (deadline_id)
        LEFT JOIN sla.rebase_entry AS entry ON entry.deadline_id = clock.deadline_id AND entry.clock = clock.kind
            AND entry.outcome = 'rebased'
        WHERE clock.state IN ('running', 'paused') AND deadline.state = 'tracked'",
    )
    .fetch_all(admin)
    .await?;
    let mut done = ByKey::new();
    for (clock, category, group, from, to) in rows {
        let figures = done.entry((clock, category, group)).or_default();
        match from.zip(to).map(|(from, to)| (from.to_jiff(), to.to_jiff())) {
            Some((from, to)) if to > from => figures.later += 1,
            Some((from, to)) if to < from => figures.earlier += 1,
            _ => figures.same_due_time += 1,
        }
    }
    Ok(done)
}
