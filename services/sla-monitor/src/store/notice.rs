//! What became of repeat notices: columns `notice`, `notice_time` and `notice_request_id` of table `rung`.

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::corrupt;
use crate::domain::{NOTICES, RungKey, kind_of};

/// The rung whose notice was asked for by that request, with its deadline; `None` when it was none of ours.
pub(crate) async fn find(tx: &mut Tx, request_id: Uuid) -> Result<Option<(Uuid, RungKey)>, Error> {
    let row = sqlx::query!(
        "-- find_notice()
        SELECT deadline_id, clock, epoch, level FROM rung WHERE notice_request_id = $1",
        request_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| key(row.deadline_id, &row.clock, row.epoch, row.level)).transpose()
}

/// Both in one statement, where nothing has to be decided between them.
pub(crate) async fn find_and_note(
    tx: &mut Tx,
    request_id: Uuid,
    notice: &str,
    now: Timestamp,
) -> Result<Option<(Uuid, RungKey)>, Error> {
    let row = sqlx::query!(
        "-- find_and_note_notice()
        WITH noted AS (
            UPDATE rung SET notice = $2, notice_time = $3
            WHERE notice_request_id = $1
                AND COALESCE(array_position($4::text[], notice), 0) < COALESCE(array_position($4::text[], $2), 0)
        )
        SELECT deadline_id, clock, epoch, level FROM rung WHERE notice_request_id = $1",
        request_id,
        notice,
        now.to_sqlx(),
        &NOTICES as &[&str],
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| key(row.deadline_id, &row.clock, row.epoch, row.level)).transpose()
}

fn key(deadline: Uuid, clock: &str, epoch: i64, level: i16) -> Result<(Uuid, RungKey), Error> {
    let clock = kind_of(clock).ok_or_else(|| corrupt("rung.clock"))?;
    Ok((deadline, RungKey { clock, epoch, level }))
}

/// Notes what became of it, unless that would move it back.
pub(crate) async fn note(tx: &mut Tx, request_id: Uuid, notice: &str, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "-- note_notice()
        UPDATE rung SET notice = $2, notice_time = $3
        WHERE notice_request_id = $1
            AND COALESCE(array_position($4::text[], notice), 0) < COALESCE(array_position($4::text[], $2), 0)",
        request_id,
        notice,
        now.to_sqlx(),
        &NOTICES as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
