//! ListMembers: by name.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{cut, with_next};
use crate::app::App;
use crate::grpc::convert::{self, Page};
use crate::store;

const METHOD: &str = "ListMembers";

/// Lists members.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::ListMembersRequest,
) -> Result<wire::ListMembersResponse, Refusal> {
    let Page { filter, size, token, bound } = convert::list_members(&request, &caller)?;
    let after: String = app.pages.open(METHOD, &bound, &token)?.unwrap_or_default();
    let mut page = store::member::page(&app.db, &app.ring, &filter, &after, with_next(size)).await?;
    let next_page_token = match (cut(&mut page, size), page.last()) {
        (true, Some(last)) => app.pages.seal(METHOD, &bound, &last.id)?,
        _ => String::new(),
    };
    Ok(wire::ListMembersResponse { members: page.iter().map(convert::member_view).collect(), next_page_token })
}
