//! What was told and what was done, by clock, category and group.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff_sqlx::Timestamp;
use proto::sla::v1::{ClockKind, PreviewChangeResponse, PreviewedChange};
use sqlx::PgConnection;

/// Before a region, in the place of a category.
const REGION: &str = "REGION ";

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

/// By clock, category and group; and all of them again by clock and region.
pub type ByKey = BTreeMap<(String, String, String), Figures>;

/// What a preview tells.
pub fn previewed(seen: &PreviewChangeResponse) -> ByKey {
    let figures = |it: &PreviewedChange| Figures {
        same_due_time: it.unchanged_count + it.other_terms_count,
        later: it.later_count,
        earlier: it.earlier_count,
    };
    let clock = |kind: ClockKind| kind.as_str_name().trim_start_matches("CLOCK_KIND_").to_lowercase();
    let of_group = |it: &PreviewedChange| ((clock(it.clock()), it.category.clone(), it.group.clone()), figures(it));
    let of_region = |it: &PreviewedChange| (region_key(&clock(it.clock()), &it.region), figures(it));
    seen.changes.iter().map(of_group).chain(seen.regions.iter().map(of_region)).collect()
}

/// Among the others, whose categories are lower-case.
fn region_key(clock: &str, region: &str) -> (String, String, String) {
    (clock.to_owned(), format!("{REGION}{region}"), String::new())
}

/// Those that are not counted again.
pub fn of_groups(all: &ByKey) -> impl Iterator<Item = &Figures> {
    all.iter().filter(|((_, category, _), _)| !category.starts_with(REGION)).map(|(_, figures)| figures)
}

/// What the log has, with the clocks that nobody had to ask for.
///
/// # Errors
/// Postgres refuses.
pub async fn done(admin: &mut PgConnection) -> Result<ByKey> {
    type Row = (String, String, String, String, Option<Timestamp>, Option<Timestamp>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT clock.kind, category, coalesce(queue_group, ''), coalesce(region, ''), entry.old_due_time, entry.due_time
        FROM sla.deadline JOIN sla.clock USING (deadline_id)
        LEFT JOIN sla.rebase_entry AS entry ON entry.deadline_id = clock.deadline_id AND entry.clock = clock.kind
            AND entry.outcome = 'rebased'
        WHERE clock.state IN ('running', 'paused') AND deadline.state = 'tracked'",
    )
    .fetch_all(admin)
    .await?;
    let mut done = ByKey::new();
    for (clock, category, group, region, from, to) in rows {
        for key in [region_key(&clock, &region), (clock, category, group)] {
            let figures = done.entry(key).or_default();
            match from.zip(to).map(|(from, to)| (from.to_jiff(), to.to_jiff())) {
                Some((from, to)) if to > from => figures.later += 1,
                Some((from, to)) if to < from => figures.earlier += 1,
                _ => figures.same_due_time += 1,
            }
        }
    }
    Ok(done)
}
