//! GetVerificationKeys.

use std::sync::Arc;

use proto::identity::v1::{GetVerificationKeysRequest, GetVerificationKeysResponse};
use rpc::{Caller, Refusal};

use crate::App;

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    _: GetVerificationKeysRequest,
) -> Result<GetVerificationKeysResponse, Refusal> {
    Ok(GetVerificationKeysResponse { keys: app.assertions.keys() })
}
