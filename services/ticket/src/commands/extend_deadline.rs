//! ExtendDeadline: more time for the answer (L4), once the citizen knows of it.
//!
//! Here it is only proposed, together with the notice; the outcome of that notice decides (`domain/extension.rs`).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Proposes an extension.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::ExtendDeadlineRequest) -> Result<wire::Appeal, Refusal> {
    let asked = convert::extend(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    carry_out(&app, &caller, "extend_deadline", &key, &asked, &Command::Extend(asked.ask), None).await
}
