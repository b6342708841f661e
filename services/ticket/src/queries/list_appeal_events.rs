//! ListAppealEvents: the journal, oldest first (T22).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{cut, seen, with_next};
use crate::app::App;
use crate::grpc::convert::{self, Audience, Page};
use crate::store;

const METHOD: &str = "ListAppealEvents";

/// Lists events. A page may be shorter than asked for where entries are not the caller's to see; only an empty token ends the list.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::ListAppealEventsRequest,
) -> Result<wire::ListAppealEventsResponse, Refusal> {
    let Page { filter: id, size, token, bound } = convert::list_events(&request, &caller)?;
    let stored = seen(&app, &caller, id).await?;
    let after: i64 = app.pages.open(METHOD, &bound, &token)?.unwrap_or_default();
    let mut page = store::event::page(&app.db, id, after, with_next(size)).await?;
    let next_page_token = match (cut(&mut page, size), page.last()) {
        (true, Some(last)) => app.pages.seal(METHOD, &bound, &last.number)?,
        _ => String::new(),
    };
    let audience = Audience::of(&caller, &stored.appeal);
    let events = page.iter().filter_map(|recorded| convert::event_view(id, recorded, audience)).collect();
    Ok(wire::ListAppealEventsResponse { events, next_page_token })
}
