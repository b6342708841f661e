//! GetDeadline.

use std::sync::Arc;

use proto::sla::v1::{Deadline, GetDeadlineRequest};
use rpc::{Caller, Refusal};

use super::find;
use crate::App;
use crate::grpc::convert::deadline_now_to_wire;

pub(crate) async fn run(app: Arc<App>, _: Caller, request: GetDeadlineRequest) -> Result<Deadline, Refusal> {
    let deadline = find(&app, &request.name).await?;
    Ok(deadline_now_to_wire(&deadline, app.late_after, &app.policies(), app.db.now()))
}
