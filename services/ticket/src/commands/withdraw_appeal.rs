//! WithdrawAppeal: the applicant takes it back.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Takes an appeal back.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::WithdrawAppealRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::withdraw(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    carry_out(&app, &caller, "withdraw_appeal", &key, &asked, &Command::Withdraw, None).await
}
