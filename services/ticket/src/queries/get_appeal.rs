//! GetAppeal.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{seen, view};
use crate::app::App;
use crate::grpc::convert;

/// Returns an appeal.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::GetAppealRequest) -> Result<wire::Appeal, Refusal> {
    let id = convert::get_appeal(&request)?;
    let stored = seen(&app, &caller, id).await?;
    view(&app, &caller, &stored).await
}
