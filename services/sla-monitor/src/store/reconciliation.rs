//! Table `reconciliation`: its one row.

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{corrupt, stamp, time};
use crate::domain::{Counts, Phase, Place};

/// The row as it is stored.
struct Row {
    pass: i64,
    phase: String,
    position: String,
    next_time: Stamp,
    begin_time: Option<Stamp>,
    counts: Value,
    whole_pass: i64,
    whole_time: Option<Stamp>,
    whole_counts: Value,
}

/// Reads where it is.
pub(crate) async fn get(pool: &PgPool) -> Result<Place, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- get_reconciliation()
        SELECT pass, phase, position, next_time, begin_time, counts, whole_pass, whole_time, whole_counts FROM reconciliation",
    )
    .fetch_one(pool)
    .await?;
    row.read()
}

/// Takes the next page until `until`, unless it is too early or another replica has it.
pub(crate) async fn claim(
    pool: &PgPool,
    token: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Place>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- claim_reconciliation()
        UPDATE reconciliation SET lease_token = $1, lease_time = $3
        WHERE next_time <= $2 AND (lease_time IS NULL OR lease_time <= $2)
        RETURNING pass, phase, position, next_time, begin_time, counts, whole_pass, whole_time, whole_counts",
        token,
        now.to_sqlx(),
        until.to_sqlx(),
    )
    .fetch_optional(pool)
    .await?;
    row.map(Row::read).transpose()
}

/// Locks the row for whoever has the page by that token; false when the lease went to somebody else.
pub(crate) async fn hold(tx: &mut Tx, token: Uuid) -> Result<bool, Error> {
    let held = sqlx::query!(
        "-- hold_reconciliation()
        SELECT pass FROM reconciliation WHERE lease_token = $1 FOR UPDATE",
        token,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held.is_some())
}

/// Moves on to `place`, which [`hold`] has locked, and gives the page back.
pub(crate) async fn record(tx: &mut Tx, place: &Place) -> Result<(), Error> {
    let counts = |counts: &Counts| serde_json::to_value(counts).map_err(|_| corrupt("reconciliation.counts"));
    sqlx::query!(
        "-- record_reconciliation()
        UPDATE reconciliation SET pass = $1, phase = $2, position = $3, next_time = $4, begin_time = $5, counts = $6,
            whole_pass = $7, whole_time = $8, whole_counts = $9, lease_token = NULL, lease_time = NULL",
        place.pass,
        place.phase.as_str(),
        place.position,
        place.next_time.to_sqlx(),
        stamp(place.begin_time) as Option<Stamp>,
        counts(&place.counts)?,
        place.whole_pass,
        stamp(place.whole_time) as Option<Stamp>,
        counts(&place.whole_counts)?,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Place, Error> {
        let counts = |value| serde_json::from_value(value).map_err(|_| corrupt("reconciliation.counts"));
        Ok(Place {
            pass: self.pass,
            phase: Phase::parse(&self.phase).ok_or_else(|| corrupt("reconciliation.phase"))?,
            position: self.position,
            next_time: self.next_time.to_jiff(),
            begin_time: time(self.begin_time),
            counts: counts(self.counts)?,
            whole_pass: self.whole_pass,
            whole_time: time(self.whole_time),
            whole_counts: counts(self.whole_counts)?,
        })
    }
}
