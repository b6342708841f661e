//! The queues: which appeal a member takes next (T9).

use sealed::Ring;
use store::{Error, Tx};
use uuid::Uuid;

use crate::store::appeal::{Stored, select_locked, whole};
use crate::store::appeal_row::AppealRow;

/// Which queues are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Groups that the member serves.
    pub groups: &'a [String],
    /// Primary languages that the member answers in, such as `ru`.
    pub languages: &'a [String],
    /// The member's level; queues of higher levels are not for them.
    pub level: i16,
    /// How many heads are looked at. Whoever claims at the same time holds one each.
    pub depth: i64,
}

/// What a look found.
#[derive(Debug)]
pub enum Next {
    /// The most urgent appeal that nobody else is taking; locked until the transaction ends.
    Taken(Box<Stored>),
    /// All that were looked at were taken by others meanwhile; look again, as more may lie behind them.
    AllTaken,
    /// Nothing waits.
    Empty,
}

/// Finds and locks the most urgent waiting appeal. Each group's head is read from its own stretch of `appeal_queue_idx`, so a long
/// queue of another group costs nothing.
///
/// Heads that somebody holds are passed over. When all are held, the first is waited for: whoever holds it may be writing to it and
/// not claiming it, and then it waits still.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn next(tx: &mut Tx, ring: &Ring, look: Look<'_>) -> Result<Next, Error> {
    let heads = sqlx::query_scalar!(
        r#"-- queue_heads()
        SELECT head.appeal_id AS "appeal_id!" FROM UNNEST($1::text[]) AS served (queue_group)
        CROSS JOIN LATERAL (
            SELECT appeal_id, priority, resolution_due_time, create_time FROM appeal
            WHERE queue_group = served.queue_group AND assignee IS NULL
                AND state IN ('registered', 'assigned', 'in_progress', 'awaiting_other_body')
                AND queue_level <= $2 AND split_part(language_code, '-', 1) = ANY ($3)
            ORDER BY priority, resolution_due_time, create_time, appeal_id LIMIT $4) AS head
        ORDER BY head.priority, head.resolution_due_time, head.create_time, head.appeal_id LIMIT $4"#,
        look.groups,
        look.level,
        look.languages,
        look.depth
    )
    .fetch_all(&mut **tx)
    .await?;
    if heads.is_empty() {
        return Ok(Next::Empty);
    }
    let mut row = free(tx, &heads, look.level).await?;
    if row.is_none() {
        row = waited_for(tx, &heads, look.level).await?;
    }
    match row {
        Some(row) => Ok(Next::Taken(Box::new(whole(tx, ring, row).await?))),
        None => Ok(Next::AllTaken),
    }
}

/// Locks the first of `heads` that still waits and that nobody holds. The conditions that can change are asked again: between the two
/// statements a head may have been taken or handed up to a queue of a higher level, and it is then no longer theirs.
async fn free(tx: &mut Tx, heads: &[Uuid], level: i16) -> Result<Option<AppealRow>, Error> {
    let row = select_locked!(
        "-- queue_free()",
        "WHERE appeal_id = ANY ($1) AND assignee IS NULL
            AND state IN ('registered', 'assigned', 'in_progress', 'awaiting_other_body') AND queue_level <= $2
        ORDER BY priority, resolution_due_time, create_time, appeal_id LIMIT 1 FOR UPDATE SKIP LOCKED",
        heads,
        level
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// As [`free`], waiting for those that are held.
async fn waited_for(tx: &mut Tx, heads: &[Uuid], level: i16) -> Result<Option<AppealRow>, Error> {
    let row = select_locked!(
        "-- queue_waited_for()",
        "WHERE appeal_id = ANY ($1) AND assignee IS NULL
            AND state IN ('registered', 'assigned', 'in_progress', 'awaiting_other_body') AND queue_level <= $2
        ORDER BY priority, resolution_due_time, create_time, appeal_id LIMIT 1 FOR UPDATE",
        heads,
        level
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}
