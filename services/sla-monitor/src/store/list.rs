//! A page of deadlines, by their place in the index.

use ::store::Error;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::deadline::{Row, whole};
use crate::domain::Deadline;

/// What is asked for.
pub(crate) struct Asked {
    /// `tracked` or `stopped`.
    pub(crate) state: &'static str,
    /// Only those due before.
    pub(crate) due_before: Option<Timestamp>,
    /// The last one of the page before.
    pub(crate) after: Option<(Option<Timestamp>, Uuid)>,
    /// At most.
    pub(crate) limit: i64,
}

/// The most urgent first; those without a due time last. Both bounds are always there, at the ends of time if need be, and so are conditions on the
/// index: a page reads no more than it shows. They travel as text, because only Postgres has an infinity.
pub(crate) async fn page(db: &mut PgConnection, asked: &Asked) -> Result<Vec<Deadline>, Error> {
    // Stored times are whole microseconds, so "before" is "at most a microsecond earlier".
    let last = asked.due_before.and_then(|time| time.checked_sub(SignedDuration::from_micros(1)).ok());
    let last = last.map_or_else(|| "infinity".to_owned(), |time| time.to_string());
    let (after, after_id) = match asked.after {
        None => ("-infinity".to_owned(), Uuid::nil()),
        Some((time, id)) => (time.map_or_else(|| "infinity".to_owned(), |time| time.to_string()), id),
    };
    let rows = sqlx::query_as!(
        Row,
        "-- list_deadlines()
        SELECT deadline_id, number, revision, policy, policy_version, policy_hash, category, priority, channel, queue_group,
            suspensions, mismatch, create_time, update_time, trace_context, acknowledged_level, acknowledge_time,
            region, time_zone
        FROM deadline
        WHERE state = $1
            AND COALESCE(next_due_time, 'infinity'::timestamptz) <= $2::text::timestamptz
            AND (COALESCE(next_due_time, 'infinity'::timestamptz), deadline_id) > ($3::text::timestamptz, $4)
        ORDER BY COALESCE(next_due_time, 'infinity'::timestamptz), deadline_id
        LIMIT $5",
        asked.state,
        last,
        after,
        after_id,
        asked.limit,
    )
    .fetch_all(&mut *db)
    .await?;
    whole(db, rows).await
}
