//! GetNotification.

use std::sync::Arc;

use proto::notification::v1::{self as wire, ErrorReason, GetNotificationRequest};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::App;
use crate::grpc::convert::shown_to_wire;
use crate::store::list::{Filter, list};

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: GetNotificationRequest,
) -> Result<wire::Notification, Refusal> {
    let unknown = |name: &str| Refusal::not_found(ErrorReason::NotificationNotFound, "notification", name);
    let id = request.name.strip_prefix("notifications/").and_then(|id| Uuid::try_parse(id).ok());
    // A malformed name is not repeated: anything may have been typed there.
    let id = id.ok_or_else(|| unknown("(malformed)"))?;
    let mut connection = app.db.pool().acquire().await.map_err(::store::Error::from)?;
    let found = list(&mut connection, &app.ring, &Filter { id: Some(id), ..Filter::default() }, 1).await?;
    found.first().map(shown_to_wire).ok_or_else(|| unknown(&request.name))
}
