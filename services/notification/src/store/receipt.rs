//! Tables `delivery_part` and `parked_receipt`: parts as providers know them, and what came back about them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use sqlx::types::Json;
use store::Error;
use uuid::Uuid;

use crate::providers::{PartState, ReceiptState};

/// The parts of one delivery.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) states: Vec<PartState>,
}

/// Whose part a reference is; `None` when nobody has recorded it yet.
pub(crate) async fn notification_of(
    db: &mut PgConnection,
    provider: &str,
    reference: &str,
) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "-- notification_of_part()
        SELECT delivery.notification_id
        FROM delivery_part JOIN delivery ON delivery.delivery_id = delivery_part.delivery_id
        WHERE delivery_part.provider = $1 AND delivery_part.reference = $2",
        provider,
        reference,
    )
    .fetch_optional(db)
    .await?)
}

/// Makes who parks a receipt and who records its reference wait for each other until the transaction ends: without it either could
/// look for the other's row before it is committed, and the receipt would lie parked for ever.
pub(crate) async fn hold(db: &mut PgConnection, provider: &str, references: &[String]) -> Result<(), Error> {
    sqlx::query!(
        "-- hold_references()
        SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || reference, 0))
        FROM (SELECT reference FROM unnest($2::text[]) AS new(reference) ORDER BY reference) AS ordered",
        provider,
        references,
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// Notes the parts that a provider took, and applies receipts that came before.
pub(crate) async fn note_parts(
    db: &mut PgConnection,
    provider: &str,
    delivery: Uuid,
    references: &[String],
) -> Result<(), Error> {
    hold(db, provider, references).await?;
    let handed = Json(PartState::Handed);
    sqlx::query!(
        "-- insert_parts()
        INSERT INTO delivery_part (provider, reference, delivery_id, part, state)
        SELECT $1, reference, $2, part::int, $4
        FROM unnest($3::text[]) WITH ORDINALITY AS new(reference, part)
        ON CONFLICT ON CONSTRAINT delivery_part_pkey DO NOTHING",
        provider,
        delivery,
        references,
        handed as _,
    )
    .execute(&mut *db)
    .await?;
    let parked = sqlx::query!(
        r#"-- take_parked_receipts()
        DELETE FROM parked_receipt WHERE provider = $1 AND reference = ANY($2)
        RETURNING reference, state AS "state: Json<ReceiptState>""#,
        provider,
        references,
    )
    .fetch_all(&mut *db)
    .await?;
    for row in parked {
        apply(db, provider, &row.reference, row.state.0).await?;
    }
    Ok(())
}

/// Applies a receipt to its part; `None` when nobody has recorded the reference yet.
pub(crate) async fn apply(
    db: &mut PgConnection,
    provider: &str,
    reference: &str,
    receipt: ReceiptState,
) -> Result<Option<Uuid>, Error> {
    let part = sqlx::query!(
        r#"-- lock_part()
        SELECT delivery_id, state AS "state: Json<PartState>"
        FROM delivery_part WHERE provider = $1 AND reference = $2 FOR UPDATE"#,
        provider,
        reference,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(part) = part else { return Ok(None) };
    let state = Json(part.state.0.after(receipt));
    sqlx::query!(
        "-- set_part_state()
        UPDATE delivery_part SET state = $3 WHERE provider = $1 AND reference = $2",
        provider,
        reference,
        state as _,
    )
    .execute(db)
    .await?;
    Ok(Some(part.delivery_id))
}

/// Keeps a receipt until its reference is recorded.
pub(crate) async fn park(
    db: &mut PgConnection,
    provider: &str,
    reference: &str,
    receipt: ReceiptState,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "-- park_receipt()
        INSERT INTO parked_receipt (provider, reference, state, receive_time) VALUES ($1, $2, $3, $4)",
        provider,
        reference,
        Json(receipt) as _,
        now.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Locks a delivery that the provider accepted and reads the parts that make it up now; `None` when receipts don't decide about it:
/// it is still being sent, was refused, or is delivered.
pub(crate) async fn parts_of(db: &mut PgConnection, delivery: Uuid) -> Result<Option<Parts>, Error> {
    let row = sqlx::query!(
        "-- lock_accepted_delivery()
        SELECT provider, handed FROM delivery
        WHERE delivery_id = $1 AND (state = 'accepted' OR (state IN ('failed', 'expired') AND receipt_time IS NOT NULL))
        FOR UPDATE",
        delivery,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let states = sqlx::query_scalar!(
        r#"-- list_part_states()
        SELECT state AS "state: Json<PartState>" FROM delivery_part
        WHERE delivery_id = $1 AND provider = $2 AND reference = ANY($3) ORDER BY part"#,
        delivery,
        row.provider,
        &row.handed,
    )
    .fetch_all(db)
    .await?;
    let states = states.into_iter().map(|state| state.0).collect();
    Ok(Some(Parts { states }))
}

/// Writes how an accepted delivery ended. A delivery wins over an end that a receipt told before (N-04); nothing else does.
pub(crate) async fn end_delivery(
    db: &mut PgConnection,
    delivery: Uuid,
    state: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "-- end_delivery()
        UPDATE delivery SET state = $2, reason = $3, receipt_time = $4
        WHERE delivery_id = $1 AND (state = 'accepted' OR ($2 = 'delivered' AND receipt_time IS NOT NULL))",
        delivery,
        state,
        reason,
        now.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets at most 1,000 receipts that waited since before `before`; answers how many.
pub(crate) async fn forget_parked(db: &mut PgConnection, before: Timestamp) -> Result<u64, Error> {
    let gone = sqlx::query!(
        "-- forget_parked_receipts()
        DELETE FROM parked_receipt WHERE ctid IN (
            SELECT ctid FROM parked_receipt WHERE receive_time < $1 LIMIT 1000
        )",
        before.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
