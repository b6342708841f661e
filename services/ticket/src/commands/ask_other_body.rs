//! AskOtherBody: another body was asked; no clock pauses, and one more may begin (L5).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records that another body was asked.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::AskOtherBodyRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::ask_other_body(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let command = Command::AskBody { body: asked.ask.body.clone() };
    carry_out(&app, &caller, "ask_other_body", &key, &asked, &command, Some(&asked.ask.text)).await
}
