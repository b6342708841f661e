//! AcknowledgeEscalation: whoever got it by escalation has seen it. The SLA monitor hears of it, and hands it on no earlier than
//! at the end of their term.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::carry_out;
use crate::app::App;
use crate::domain::Command;
use crate::grpc::convert;

/// Records that an escalation was seen.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::AcknowledgeEscalationRequest,
) -> Result<wire::Appeal, Refusal> {
    let asked = convert::acknowledge(&request)?;
    let key = app.once.key(caller.key(), &request)?;
    carry_out(&app, &caller, "acknowledge_escalation", &key, &asked, &Command::AcknowledgeEscalation, None).await
}
