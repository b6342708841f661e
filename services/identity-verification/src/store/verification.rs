//! Table `verification`.

use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::PgConnection;
use store::Error;
use uuid::Uuid;

use crate::domain::{Method, State, Verification};

struct Row {
    verification_id: Uuid,
    citizen_id: Uuid,
    method: String,
    appeal_id: Uuid,
    action: String,
    state: String,
    generation: i32,
    attempts: i32,
    code_expire_time: Stamp,
    send_time: Stamp,
    create_time: Stamp,
    confirm_time: Option<Stamp>,
    use_until_time: Option<Stamp>,
}

/// Writes a new verification.
pub(crate) async fn insert(db: &mut PgConnection, it: &Verification) -> Result<(), Error> {
    sqlx::query!(
        "-- insert_verification()
        INSERT INTO verification (verification_id, citizen_id, method, appeal_id, action, state, generation, attempts,
            code_expire_time, send_time, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        it.id,
        it.citizen_id,
        method_text(it.method),
        it.appeal_id,
        it.action,
        state_text(it.state),
        it.generation,
        it.attempts,
        it.code_expire_time.to_sqlx(),
        it.send_time.to_sqlx(),
        it.create_time.to_sqlx(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads a verification and locks it until the transaction ends: tries at one code are counted one after the other.
pub(crate) async fn lock(db: &mut PgConnection, id: Uuid) -> Result<Option<Verification>, Error> {
    let row = sqlx::query_as!(
        Row,
        "-- lock_verification()
        SELECT verification_id, citizen_id, method, appeal_id, action, state, generation, attempts, code_expire_time,
            send_time, create_time, confirm_time, use_until_time
        FROM verification WHERE verification_id = $1 FOR UPDATE",
        id,
    )
    .fetch_optional(db)
    .await?;
    row.map(Verification::try_from).transpose()
}

/// Writes what changes in the life of a verification.
pub(crate) async fn update(db: &mut PgConnection, it: &Verification) -> Result<(), Error> {
    sqlx::query!(
        "-- update_verification()
        UPDATE verification
        SET method = $2, state = $3, generation = $4, attempts = $5, code_expire_time = $6, send_time = $7,
            confirm_time = $8, use_until_time = $9
        WHERE verification_id = $1",
        it.id,
        method_text(it.method),
        state_text(it.state),
        it.generation,
        it.attempts,
        it.code_expire_time.to_sqlx(),
        it.send_time.to_sqlx(),
        it.confirm_time.map(ToSqlx::to_sqlx) as Option<Stamp>,
        it.use_until_time.map(ToSqlx::to_sqlx) as Option<Stamp>,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the citizen has a confirmed verification that may still be used at `now`.
pub(crate) async fn is_confirmed(db: &mut PgConnection, citizen_id: Uuid, now: jiff::Timestamp) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"-- is_confirmed()
        SELECT EXISTS (
            SELECT FROM verification
            WHERE citizen_id = $1 AND state = 'confirmed' AND use_until_time > $2
        ) AS "exists!""#,
        citizen_id,
        now.to_sqlx(),
    )
    .fetch_one(db)
    .await?)
}

impl TryFrom<Row> for Verification {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.verification_id,
            citizen_id: row.citizen_id,
            method: match row.method.as_str() {
                "sms_code" => Method::SmsCode,
                "email_code" => Method::EmailCode,
                _ => return Err(Error::Corrupt("verification.method".into())),
            },
            appeal_id: row.appeal_id,
            action: row.action,
            state: match row.state.as_str() {
                "pending" => State::Pending,
                "confirmed" => State::Confirmed,
                "failed" => State::Failed,
                _ => return Err(Error::Corrupt("verification.state".into())),
            },
            generation: row.generation,
            attempts: row.attempts,
            code_expire_time: row.code_expire_time.to_jiff(),
            send_time: row.send_time.to_jiff(),
            create_time: row.create_time.to_jiff(),
            confirm_time: row.confirm_time.map(Stamp::to_jiff),
            use_until_time: row.use_until_time.map(Stamp::to_jiff),
        })
    }
}

fn method_text(method: Method) -> &'static str {
    match method {
        Method::SmsCode => "sms_code",
        Method::EmailCode => "email_code",
    }
}

fn state_text(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Confirmed => "confirmed",
        State::Failed => "failed",
    }
}
