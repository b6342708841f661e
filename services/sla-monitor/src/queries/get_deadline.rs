//! GetDeadline.

use std::sync::Arc;

use proto::sla::v1::{Deadline, GetDeadlineRequest};
use rpc::{Caller, Refusal};

use super::find;
use crate::App;
use crate::grpc::convert::deadline_to_wire;

pub(crate) async fn run(app: Arc<App>, _: Caller, request: GetDeadlineRequest) -> Result<Deadline, Refusal> {
    Ok(deadline_to_wire(&find(&app, &request.name).await?, app.late_after))
}
