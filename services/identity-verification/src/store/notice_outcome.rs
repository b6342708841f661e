//! Table `notice_outcome`.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use store::Error;

/// What became of a notice.
pub(crate) struct NoticeOutcome<'a> {
    pub(crate) notification: &'a str,
    pub(crate) state: &'a str,
    pub(crate) template: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) outcome_time: Timestamp,
}

/// Appends an outcome; one that is known changes nothing.
pub(crate) async fn insert(db: &mut PgConnection, it: &NoticeOutcome<'_>) -> Result<(), Error> {
    sqlx::query!(
        "-- insert_notice_outcome()
        INSERT INTO notice_outcome (notification, state, template, reason, outcome_time)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT notice_outcome_pkey DO NOTHING",
        it.notification,
        it.state,
        it.template,
        it.reason,
        it.outcome_time.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}
