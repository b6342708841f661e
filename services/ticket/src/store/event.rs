//! Table `appeal_event`: the journal (T22). There is no statement that changes a row, and the database would refuse it.

use jiff_sqlx::{Timestamp, ToSqlx};
use serde_json::Value;
use store::{Db, Error, Tx};
use uuid::Uuid;

use crate::domain::{Event, Recorded, State};
use crate::store::corrupt;

/// Adds entries to the journal of a locked appeal.
///
/// # Errors
/// Those of any statement.
pub async fn append(tx: &mut Tx, appeal: Uuid, events: &[Recorded]) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = events.iter().map(|event| event.number).collect();
    let kinds: Vec<String> = events.iter().map(|event| event.event.kind().to_owned()).collect();
    let times: Vec<Timestamp> = events.iter().map(|event| event.time.to_sqlx()).collect();
    let actors: Vec<String> = events.iter().map(|event| event.actor.to_string()).collect();
    let states: Vec<String> = events.iter().map(|event| event.state.as_str().to_owned()).collect();
    let data = events.iter().map(data).collect::<Result<Vec<Value>, Error>>()?;
    sqlx::query!(
        "-- event_append()
        INSERT INTO appeal_event (appeal_id, event_no, type, event_time, actor, state, data)
        SELECT $1, given.event_no, given.type, given.event_time, given.actor, given.state, given.data
        FROM UNNEST($2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::jsonb[])
            AS given (event_no, type, event_time, actor, state, data)",
        appeal,
        &numbers,
        &kinds,
        &times as _,
        &actors,
        &states,
        &data
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` entries of an appeal's journal after number `after`, oldest first.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn page(db: &Db, appeal: Uuid, after: i64, limit: i64) -> Result<Vec<Recorded>, Error> {
    let rows = sqlx::query!(
        "-- event_page()
        SELECT event_no, event_time, actor, state, data FROM appeal_event WHERE appeal_id = $1 AND event_no > $2
        ORDER BY event_no LIMIT $3",
        appeal,
        after,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Recorded {
                number: row.event_no,
                time: row.event_time.to_jiff(),
                actor: row.actor.parse().map_err(|_| corrupt("appeal_event", "actor"))?,
                state: State::parse(&row.state).ok_or_else(|| corrupt("appeal_event", "state"))?,
                event: serde_json::from_value::<Event>(row.data).map_err(|_| corrupt("appeal_event", "data"))?,
            })
        })
        .collect()
}

/// The stored form of what happened.
pub(super) fn data(recorded: &Recorded) -> Result<Value, Error> {
    serde_json::to_value(&recorded.event).map_err(unfit)
}

/// A value of the domain that has no stored form.
pub(super) fn unfit(error: impl std::fmt::Display) -> Error {
    Error::Other(format!("a value can't be stored: {error}"))
}
