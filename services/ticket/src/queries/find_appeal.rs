//! FindAppeal: by the number as a person types it. The number authorises nothing (T2).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::view;
use crate::app::App;
use crate::commands::visible;
use crate::grpc::convert;
use crate::store;

/// Finds an appeal.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::FindAppealRequest) -> Result<wire::Appeal, Refusal> {
    let number = convert::find_appeal(&request)?;
    let stored = store::appeal::find(&app.db, &app.ring, &number).await?;
    let stored = visible(&caller, stored, || number.to_string())?;
    view(&app, &caller, &stored).await
}
