//! RequestInfo: the applicant is asked, and the clocks pause (L8).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Asks the applicant for something.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::RequestInfoRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::request_info(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let command = Command::RequestInfo { need: asked.ask.need };
    carry_out(&app, &caller, "request_info", &key, &asked, &command, Some(&asked.ask.text)).await
}
