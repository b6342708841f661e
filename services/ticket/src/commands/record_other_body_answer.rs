//! RecordOtherBodyAnswer: the other body answered, or is waited for no longer (L5).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records what came of asking another body.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::RecordOtherBodyAnswerRequest,
) -> Result<wire::Appeal, Refusal> {
    let asked = convert::record_other_body_answer(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    let command = Command::RecordBodyAnswer { outcome: asked.ask.outcome };
    carry_out(&app, &caller, "record_other_body_answer", &key, &asked, &command, Some(&asked.ask.text)).await
}
