//! The journals, as they are stored.

use anyhow::Result;
use jiff::Timestamp;
use jiff_sqlx::Timestamp as Stamp;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// An entry.
#[derive(Clone, Debug)]
pub struct Event {
    pub appeal: Uuid,
    pub number: i64,
    pub kind: String,
    pub time: Timestamp,
    pub actor: String,
    pub state: String,
    pub data: Value,
}

type Row = (Uuid, i64, String, Stamp, String, String, Value);

/// What came into the journals behind the entries that are known.
pub async fn news(db: &mut PgConnection, known: &[(Uuid, i64)]) -> Result<Vec<Event>> {
    let (ids, numbers): (Vec<Uuid>, Vec<i64>) = known.iter().copied().unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT appeal_id, event_no, type, event_time, actor, state, data
        FROM unnest($1::uuid[], $2::bigint[]) AS known (id, number)
        CROSS JOIN LATERAL (SELECT * FROM ticket.appeal_event WHERE appeal_id = id AND event_no > number) AS event
        ORDER BY appeal_id, event_no",
    )
    .bind(ids)
    .bind(numbers)
    .fetch_all(db)
    .await?;
    let event = |(appeal, number, kind, time, actor, state, data): Row| {
        let time = time.to_jiff();
        Event { appeal, number, kind, time, actor, state, data }
    };
    Ok(rows.into_iter().map(event).collect())
}

// === impl Event ===

impl Event {
    /// A text of the data; empty without one.
    pub fn text(&self, field: &str) -> &str {
        self.data[field].as_str().unwrap_or_default()
    }

    /// A number of the data.
    pub fn number_of(&self, field: &str) -> i64 {
        self.data[field].as_i64().unwrap_or_default()
    }

    /// An instant of the data.
    pub fn time_of(&self, field: &str) -> Option<Timestamp> {
        self.data[field].as_str().and_then(|text| text.parse().ok())
    }
}
