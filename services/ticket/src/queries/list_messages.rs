//! ListMessages: the conversation, oldest first; notes are for staff (T10).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{cut, seen, with_next};
use crate::app::App;
use crate::grpc::convert::{self, Audience, Page};
use crate::store;

const METHOD: &str = "ListMessages";

/// Lists messages.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::ListMessagesRequest,
) -> Result<wire::ListMessagesResponse, Refusal> {
    let Page { filter: id, size, token, bound } = convert::list_messages(&request, &caller)?;
    let stored = seen(&app, &caller, id).await?;
    let after: i64 = app.pages.open(METHOD, &bound, &token)?.unwrap_or_default();
    let notes = caller.is_staff();
    let mut page = store::message::page(&app.db, &app.ring, id, notes, after, with_next(size)).await?;
    let next_page_token = match (cut(&mut page, size), page.last()) {
        (true, Some(last)) => app.pages.seal(METHOD, &bound, &last.meta.number)?,
        _ => String::new(),
    };
    let audience = Audience::of(&caller, &stored.appeal);
    let messages = page.iter().filter_map(|message| convert::message_view(&stored.appeal, message, audience)).collect();
    Ok(wire::ListMessagesResponse { messages, next_page_token })
}
