//! GetMember.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use crate::app::App;
use crate::grpc::convert;
use crate::store;

/// Returns a member.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, _caller: Caller, request: wire::GetMemberRequest) -> Result<wire::Member, Refusal> {
    let id = convert::get_member(&request)?;
    let member = store::member::get(app.db.pool(), &app.ring, &id).await?;
    member.as_ref().map(convert::member_view).ok_or_else(|| convert::member_not_found(&id))
}
