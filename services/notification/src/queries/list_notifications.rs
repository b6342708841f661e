//! ListNotifications.

use std::sync::Arc;

use jiff::Timestamp;
use proto::notification::v1::{ListNotificationsRequest, ListNotificationsResponse};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::App;
use crate::grpc::convert::{list_notifications, shown_to_wire};
use crate::store::list::{Filter, list};

const METHOD: &str = "ListNotifications";

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: ListNotificationsRequest,
) -> Result<ListNotificationsResponse, Refusal> {
    let (filter, size) = list_notifications(&request)?;
    let bound = format!("{:?}", (&filter.subject, &filter.recipient_id, filter.state));
    let after = app.pages.open::<(Timestamp, Uuid)>(METHOD, bound.as_bytes(), &request.page_token)?;
    let mut connection = app.db.pool().acquire().await.map_err(::store::Error::from)?;
    // One more than asked for tells whether there is a next page.
    let mut found = list(&mut connection, &app.ring, &Filter { after, ..filter }, i64::from(size) + 1).await?;
    let has_more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last().filter(|_| has_more) {
        Some(last) => app.pages.seal(METHOD, bound.as_bytes(), &(last.create_time, last.id))?,
        None => String::new(),
    };
    Ok(ListNotificationsResponse { notifications: found.iter().map(shown_to_wire).collect(), next_page_token })
}
