//! ReopenAppeal: a resolved appeal goes on, within the window (peers T-04).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Opens an appeal again.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::ReopenAppealRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::reopen(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    carry_out(&app, &caller, "reopen_appeal", &key, &asked, &Command::Reopen, Some(&asked.ask)).await
}
