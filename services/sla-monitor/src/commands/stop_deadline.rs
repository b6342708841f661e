//! StopDeadline.

use std::sync::Arc;

use proto::sla::v1::{Deadline, StopDeadlineRequest};
use rpc::{Caller, Refusal};

use super::take_over;
use crate::App;
use crate::grpc::convert::stopped_promise;

pub(crate) async fn run(app: Arc<App>, caller: Caller, request: StopDeadlineRequest) -> Result<Deadline, Refusal> {
    let (id, promise) = stopped_promise(request.deadline.as_ref(), &request.request_id)?;
    let key = app.once.key(caller.key(), &request)?;
    take_over(&app, "stop_deadline", &key, id, &promise).await
}
