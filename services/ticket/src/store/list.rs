//! Table `appeal`: pages of lists, newest first, by keyset and never by offset.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sealed::Ring;
use serde::{Deserialize, Serialize};
use store::{Db, Error};
use uuid::Uuid;

use crate::domain::{AppealFilter, priority_rank};
use crate::store::appeal::{Stored, read, select_appeals};

/// The last appeal of a page: what the next page begins after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When it was registered.
    pub create_time: Timestamp,
    /// Which of that instant.
    pub id: Uuid,
}

/// At most `limit` appeals that the filter lets through, newest first, after the cursor.
///
/// One statement for each index that a page is read from, since a page must not be found by walking everybody's appeals, or the archive:
/// a citizen's, a member's, what is due, that of some states, all.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn page(
    db: &Db,
    ring: &Ring,
    filter: &AppealFilter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let mut states: Vec<String> = filter.states.iter().map(|state| state.as_str().to_owned()).collect();
    // Each is read by itself, so one that is named twice would be shown twice.
    states.sort_unstable();
    states.dedup();
    let states = (!states.is_empty()).then_some(&states[..]);
    let category = filter.category.as_deref();
    let group = filter.group.as_deref();
    let channel = filter.channel.map(|channel| channel.as_str());
    let priority = filter.priority.map(priority_rank);
    let due_before = filter.due_before.map(ToSqlx::to_sqlx);
    // The first page begins before the end of time: a condition that may be absent would be no use of the index.
    let after = after.unwrap_or(Cursor { create_time: Timestamp::MAX, id: Uuid::max() });
    let (time, id) = (after.create_time.to_sqlx(), after.id);
    let rows = match (filter.citizen, filter.assignee.as_deref(), due_before, states) {
        (Some(citizen), assignee, ..) => {
            select_appeals!(
                "-- list_of_citizen()",
                "WHERE citizen_id = $1 AND ($2::text IS NULL OR assignee = $2)
            AND ($3::text[] IS NULL OR state = ANY ($3)) AND ($4::text IS NULL OR category = $4)
            AND ($5::text IS NULL OR queue_group = $5) AND ($6::text IS NULL OR channel = $6)
            AND ($7::smallint IS NULL OR priority = $7)
            AND ($8::timestamptz IS NULL OR resolution_due_time < $8)
            AND (create_time, appeal_id) < ($9, $10)
        ORDER BY create_time DESC, appeal_id DESC LIMIT $11",
                citizen,
                assignee,
                states as _,
                category,
                group,
                channel,
                priority,
                due_before as _,
                time,
                id,
                limit
            )
            .fetch_all(db.pool())
            .await?
        }
        (None, Some(assignee), ..) => {
            select_appeals!(
                "-- list_of_assignee()",
                "WHERE assignee = $1
            AND ($2::text[] IS NULL OR state = ANY ($2)) AND ($3::text IS NULL OR category = $3)
            AND ($4::text IS NULL OR queue_group = $4) AND ($5::text IS NULL OR channel = $5)
            AND ($6::smallint IS NULL OR priority = $6)
            AND ($7::timestamptz IS NULL OR resolution_due_time < $7)
            AND (create_time, appeal_id) < ($8, $9)
        ORDER BY create_time DESC, appeal_id DESC LIMIT $10",
                assignee,
                states as _,
                category,
                group,
                channel,
                priority,
                due_before as _,
                time,
                id,
                limit
            )
            .fetch_all(db.pool())
            .await?
        }
        (None, None, Some(due_before), states) => {
            // Only running clocks are due, so all that is due is at most the backlog. It is chosen first and put in order then: with both
            // in one, the planner would hope to meet it soon on a walk newest first.
            select_appeals!(
                "-- list_due()",
                "WHERE appeal_id = ANY (ARRAY(
            WITH due AS MATERIALIZED (
                SELECT appeal_id, create_time FROM appeal WHERE resolution_due_time < $1
                    AND ($2::text[] IS NULL OR state = ANY ($2)) AND ($3::text IS NULL OR category = $3)
                    AND ($4::text IS NULL OR queue_group = $4) AND ($5::text IS NULL OR channel = $5)
                    AND ($6::smallint IS NULL OR priority = $6) AND (create_time, appeal_id) < ($7, $8))
            SELECT appeal_id FROM due ORDER BY create_time DESC, appeal_id DESC LIMIT $9))
        ORDER BY create_time DESC, appeal_id DESC",
                due_before as _,
                states as _,
                category,
                group,
                channel,
                priority,
                time,
                id,
                limit
            )
            .fetch_all(db.pool())
            .await?
        }
        (None, None, None, Some(states)) => {
            // The newest of each state, and of those the newest.
            select_appeals!(
                "-- list_of_states()",
                "WHERE appeal_id = ANY (ARRAY(
            SELECT newest.appeal_id FROM UNNEST($1::text[]) AS wanted (state)
            CROSS JOIN LATERAL (
                SELECT appeal_id, create_time FROM appeal WHERE state = wanted.state
                    AND ($2::text IS NULL OR category = $2) AND ($3::text IS NULL OR queue_group = $3)
                    AND ($4::text IS NULL OR channel = $4) AND ($5::smallint IS NULL OR priority = $5)
                    AND (create_time, appeal_id) < ($6, $7)
                ORDER BY create_time DESC, appeal_id DESC LIMIT $8) AS newest
            ORDER BY newest.create_time DESC, newest.appeal_id DESC LIMIT $8))
        ORDER BY create_time DESC, appeal_id DESC",
                states,
                category,
                group,
                channel,
                priority,
                time,
                id,
                limit
            )
            .fetch_all(db.pool())
            .await?
        }
        (None, None, None, None) => {
            select_appeals!(
                "-- list_all()",
                "WHERE ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR queue_group = $2)
            AND ($3::text IS NULL OR channel = $3) AND ($4::smallint IS NULL OR priority = $4)
            AND (create_time, appeal_id) < ($5, $6)
        ORDER BY create_time DESC, appeal_id DESC LIMIT $7",
                category,
                group,
                channel,
                priority,
                time,
                id,
                limit
            )
            .fetch_all(db.pool())
            .await?
        }
    };
    rows.into_iter().map(|row| read(ring, row)).collect()
}
