//! ListCalls: a page of calls, newest first.

use super::{App, convert};
use crate::store::list::list;
use jiff::Timestamp;
use proto::outbox::v1::{ListCallsRequest, ListCallsResponse};
use rpc::{Caller, Refusal, Violations, pages, reasons};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (50, 500);

const METHOD: &str = "/otklik.outbox.v1.OutboxService/ListCalls";

/// The last row of a page. Times are stored to the microsecond.
#[derive(Serialize, Deserialize)]
struct Cursor(i64, Uuid);

pub(super) async fn run(app: Arc<App>, _: Caller, request: ListCallsRequest) -> Result<ListCallsResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    let state = convert::state_of(request.state, &mut violations);
    if !request.destination.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_') {
        violations.add("destination", reasons::FIELD_INVALID, "must be a peer's name");
    }
    violations.finish()?;
    let destination = Some(request.destination.as_str()).filter(|it| !it.is_empty());
    let filter = serde_json::to_vec(&(state, destination)).map_err(Refusal::internal)?;
    let after = match app.tokens.open::<Cursor>(METHOD, &filter, &request.page_token)? {
        Some(Cursor(micros, id)) => Some((Timestamp::from_microsecond(micros).map_err(Refusal::internal)?, id)),
        None => None,
    };
    // One more than asked for tells whether there is a next page.
    let mut rows = list(app.db.pool(), state, destination, after, i64::from(size) + 1).await?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next_page_token = match rows.last().filter(|_| more) {
        Some(last) => {
            let cursor = Cursor(last.create_time.to_jiff().as_microsecond(), last.call_id);
            app.tokens.seal(METHOD, &filter, &cursor)?
        }
        None => String::new(),
    };
    Ok(ListCallsResponse { calls: rows.into_iter().map(convert::to_call).collect(), next_page_token })
}
