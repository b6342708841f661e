//! What changes something: one file per command, the whole route on one screen.

use jiff::Timestamp;
use proto::identity::v1::ErrorReason;
use rpc::{Caller, Refusal};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{self, Citizen, Method, SendLimits, Verification, may_send, verification_name};
use crate::grpc::convert::{allow, refusal};
use crate::{App, store};

pub(crate) mod confirm_code;
pub(crate) mod create_citizen;
pub(crate) mod issue_assertion;
pub(crate) mod record_notice_outcome;
pub(crate) mod resend_code;
pub(crate) mod start_verification;

/// The verification of that id, locked, if the caller may know of it.
async fn lock(db: &mut PgConnection, caller: &Caller, id: Uuid) -> Result<Verification, Refusal> {
    let found = store::verification::lock(db, id).await?;
    // Permission before existence: a citizen learns nothing of somebody else's, not even that there is none.
    allow(caller, found.as_ref().map(|it| it.citizen_id))?;
    found.ok_or_else(|| Refusal::not_found(ErrorReason::VerificationNotFound, "verification", verification_name(id)))
}

/// Notes that a code goes to the citizen's address for `method`, unless that is too often. The address is counted, not the citizen: who floods one
/// phone through many accounts is slowed down too.
async fn note_send(
    app: &App,
    db: &mut PgConnection,
    citizen: &Citizen,
    method: Method,
    verification: Uuid,
    now: Timestamp,
) -> Result<(), Refusal> {
    let address = citizen.address(method).ok_or_else(|| refusal(domain::Refusal::ContactMissing, verification, now))?;
    let index = app.ring.blind(kind(method), address.expose());
    let sent = store::code_send::last_day(db, &index, now).await?;
    within(&sent, now, &app.limits).map_err(|why| refusal(why, verification, now))?;
    Ok(store::code_send::insert(db, &index, verification, now).await?)
}

fn within(sent: &[Timestamp], now: Timestamp, limits: &SendLimits) -> Result<(), domain::Refusal> {
    may_send(sent, now, limits).map_err(domain::Refusal::SendLimit)
}

fn kind(method: Method) -> &'static str {
    match method {
        Method::SmsCode => "phone",
        Method::EmailCode => "email",
    }
}
