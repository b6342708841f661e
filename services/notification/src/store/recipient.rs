//! Table `recipient`.

use jiff_sqlx::ToSqlx;
use person::{Language, Zone};
use sealed::Ring;
use sqlx::PgConnection;
use store::Error;

use super::{Columns, corrupt};
use crate::domain::Recipient;

fn columns<'a>(ring: &'a Ring, id: &'a str) -> Columns<'a> {
    Columns { ring, table: "recipient", row: id.as_bytes() }
}

/// Writes a recipient unless what is known is as new. Answers the owner it has now.
pub(crate) async fn upsert(db: &mut PgConnection, ring: &Ring, owner: &str, it: &Recipient) -> Result<String, Error> {
    let columns = columns(ring, &it.id);
    sqlx::query!(
        "-- upsert_recipient()
        INSERT INTO recipient (recipient_id, owner, phone, email, language_code, time_zone, revision, update_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT ON CONSTRAINT recipient_pkey DO UPDATE
        SET owner = excluded.owner, phone = excluded.phone, email = excluded.email, language_code = excluded.language_code,
            time_zone = excluded.time_zone, revision = excluded.revision, update_time = excluded.update_time
        WHERE recipient.owner = '' OR recipient.owner = excluded.owner AND recipient.revision < excluded.revision",
        it.id,
        owner,
        columns.seal("phone", it.contact.phone.as_ref().map(|phone| phone.personal())),
        columns.seal("email", it.contact.email.as_ref().map(|email| email.personal())),
        it.language.as_str(),
        it.zone.as_str(),
        it.revision,
        it.update_time.to_sqlx(),
    )
    .execute(&mut *db)
    .await?;
    let owner = sqlx::query_scalar!("-- get_owner()\nSELECT owner FROM recipient WHERE recipient_id = $1", it.id);
    Ok(owner.fetch_one(db).await?)
}

/// Notes somebody of whom no service has told yet: without address, and nobody's, so the first who tells of them owns them.
pub(crate) async fn note_unknown(db: &mut PgConnection, it: &Recipient) -> Result<(), Error> {
    sqlx::query!(
        "-- note_unknown_recipient()
        INSERT INTO recipient (recipient_id, owner, language_code, time_zone, revision, update_time)
        VALUES ($1, '', $2, $3, 0, $4)
        ON CONFLICT ON CONSTRAINT recipient_pkey DO NOTHING",
        it.id,
        it.language.as_str(),
        it.zone.as_str(),
        it.update_time.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads a recipient. Holds it against change until the transaction ends, so that a message is made with one state of it.
pub(crate) async fn get(db: &mut PgConnection, ring: &Ring, id: &str) -> Result<Option<Recipient>, Error> {
    let row = sqlx::query!(
        "-- get_recipient()
        SELECT recipient_id, phone, email, language_code, time_zone, revision, update_time
        FROM recipient WHERE recipient_id = $1 FOR SHARE",
        id,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let contact = columns(ring, id).open_contact(row.phone, row.email)?;
    Ok(Some(Recipient {
        id: row.recipient_id,
        contact,
        language: Language::parse(&row.language_code).map_err(|_| corrupt("recipient", "language_code"))?,
        zone: Zone::parse(&row.time_zone).map_err(|_| corrupt("recipient", "time_zone"))?,
        revision: row.revision,
        update_time: row.update_time.to_jiff(),
    }))
}
