//! TrackDeadline.

use std::sync::Arc;

use proto::sla::v1::{Deadline, TrackDeadlineRequest};
use rpc::{Caller, Refusal};

use super::take_over;
use crate::App;
use crate::grpc::convert::promise;

pub(crate) async fn run(app: Arc<App>, caller: Caller, request: TrackDeadlineRequest) -> Result<Deadline, Refusal> {
    let (id, promise) = promise(request.deadline.as_ref(), &request.request_id)?;
    let key = app.once.key(caller.key(), &request)?;
    take_over(&app, "track_deadline", &key, id, &promise).await
}
