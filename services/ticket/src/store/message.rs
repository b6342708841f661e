//! Table `message`: the conversation (T10). Texts are sealed.

use jiff_sqlx::ToSqlx;
use sealed::{Place, Ring};
use store::{Db, Error, Tx};
use uuid::Uuid;

use crate::domain::{Author, Message, MessageMeta, Text, Visibility};
use crate::store::corrupt;

/// A message's text belongs to its appeal and number.
fn row(appeal: Uuid, number: i64) -> [u8; 24] {
    let mut row = [0; 24];
    row[..16].copy_from_slice(appeal.as_bytes());
    row[16..].copy_from_slice(&number.to_be_bytes());
    row
}

/// Adds a message to a locked appeal.
///
/// # Errors
/// Those of any statement.
pub async fn insert(tx: &mut Tx, ring: &Ring, appeal: Uuid, meta: &MessageMeta, text: &Text) -> Result<(), Error> {
    let body = ring.seal_text(Place::new("message", "body", &row(appeal, meta.number)), text.personal());
    sqlx::query!(
        "-- message_insert()
        INSERT INTO message (appeal_id, message_no, author, member_id, visibility, channel, body, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        appeal,
        meta.number,
        meta.author.as_str(),
        meta.member,
        meta.visibility.as_str(),
        meta.channel.as_str(),
        body,
        meta.create_time.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` messages of an appeal after number `after`, oldest first; notes only for those who may read them.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn page(
    db: &Db,
    ring: &Ring,
    appeal: Uuid,
    notes: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query!(
        "-- message_page()
        SELECT message_no, author, member_id, visibility, channel, body, create_time FROM message
        WHERE appeal_id = $1 AND message_no > $2 AND (visibility = 'public' OR $3)
        ORDER BY message_no LIMIT $4",
        appeal,
        after,
        notes,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter()
        .map(|message| {
            let number = message.message_no;
            let place = row(appeal, number);
            let text = ring.open_text(Place::new("message", "body", &place), &message.body);
            Ok(Message {
                meta: MessageMeta {
                    number,
                    author: Author::parse(&message.author).ok_or_else(|| corrupt("message", "author"))?,
                    member: message.member_id,
                    visibility: Visibility::parse(&message.visibility)
                        .ok_or_else(|| corrupt("message", "visibility"))?,
                    channel: message.channel.parse().map_err(|_| corrupt("message", "channel"))?,
                    create_time: message.create_time.to_jiff(),
                },
                text: Text::stored(text.map_err(|_| corrupt("message", "body"))?),
            })
        })
        .collect()
}

/// The text of one message: the answer of a resolved appeal.
///
/// # Errors
/// [`Error::Corrupt`] when it is not there or can't be opened; those of any statement.
pub async fn text(executor: impl sqlx::PgExecutor<'_>, ring: &Ring, appeal: Uuid, number: i64) -> Result<Text, Error> {
    let body = sqlx::query_scalar!(
        "-- message_text()
        SELECT body FROM message WHERE appeal_id = $1 AND message_no = $2",
        appeal,
        number
    )
    .fetch_optional(executor)
    .await?;
    let body = body.ok_or_else(|| corrupt("appeal", "answer_message_no"))?;
    let text = ring.open_text(Place::new("message", "body", &row(appeal, number)), &body);
    Ok(Text::stored(text.map_err(|_| corrupt("message", "body"))?))
}

/// The answers of many appeals, by `(appeal, message)`.
///
/// # Errors
/// As [`text`].
pub async fn texts(db: &Db, ring: &Ring, of: &[(Uuid, i64)]) -> Result<std::collections::HashMap<Uuid, Text>, Error> {
    let (appeals, numbers): (Vec<Uuid>, Vec<i64>) = of.iter().copied().unzip();
    let rows = sqlx::query!(
        "-- message_texts()
        SELECT appeal_id, message_no, body FROM message
        WHERE (appeal_id, message_no) IN (SELECT * FROM UNNEST($1::uuid[], $2::bigint[]))",
        &appeals,
        &numbers
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter()
        .map(|message| {
            let place = row(message.appeal_id, message.message_no);
            let text = ring.open_text(Place::new("message", "body", &place), &message.body);
            Ok((message.appeal_id, Text::stored(text.map_err(|_| corrupt("message", "body"))?)))
        })
        .collect()
}
