//! What became of repeat notices: columns `notice` and `notice_request_id` of table `rung`.

use ::store::{Error, Tx};
use uuid::Uuid;

use super::corrupt;
use crate::domain::{RungKey, kind_of};

/// The rung whose notice was asked for by that request, with its deadline; `None` when it was none of ours.
pub(crate) async fn find(tx: &mut Tx, request_id: Uuid) -> Result<Option<(Uuid, RungKey)>, Error> {
    let row = sqlx::query!(
        "-- find_notice()
        SELECT deadline_id, clock, epoch, level FROM rung WHERE notice_request_id = $1",
        request_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let clock = kind_of(&row.clock).ok_or_else(|| corrupt("rung.clock"))?;
    let level = u8::try_from(row.level).map_err(|_| corrupt("rung.level"))?;
    Ok(Some((row.deadline_id, RungKey { clock, epoch: row.epoch, level })))
}

/// Notes what became of it. Outcomes may arrive in any order, and it never moves back: asked for, queued, sent, then the end of it. A delivery
/// that is reported after a failure stands: the failure was a mistake.
pub(crate) async fn note(tx: &mut Tx, request_id: Uuid, notice: &str) -> Result<(), Error> {
    sqlx::query!(
        "-- note_notice()
        UPDATE rung SET notice = $2
        WHERE notice_request_id = $1
            AND COALESCE(array_position(ARRAY['QUEUED', 'SENT', 'CALL_DEAD', 'DROPPED', 'EXPIRED', 'FAILED', 'DELIVERED'], notice), 0)
                < COALESCE(array_position(ARRAY['QUEUED', 'SENT', 'CALL_DEAD', 'DROPPED', 'EXPIRED', 'FAILED', 'DELIVERED'], $2), 0)",
        request_id,
        notice,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
