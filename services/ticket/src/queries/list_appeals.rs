//! ListAppeals: newest first; a citizen's own, or by filters (T12).

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use super::{cut, with_next};
use crate::app::App;
use crate::grpc::convert::{self, Audience, Page};
use crate::store;
use crate::store::list::Cursor;

const METHOD: &str = "ListAppeals";

/// Lists appeals.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::ListAppealsRequest,
) -> Result<wire::ListAppealsResponse, Refusal> {
    let Page { filter, size, token, bound } = convert::list_appeals(&request, &caller)?;
    let after: Option<Cursor> = app.pages.open(METHOD, &bound, &token)?;
    let mut page = store::list::page(&app.db, &app.ring, &filter, after, with_next(size)).await?;
    let next_page_token = match (cut(&mut page, size), page.last()) {
        (true, Some(last)) => {
            app.pages.seal(METHOD, &bound, &Cursor { create_time: last.appeal.create_time, id: last.appeal.id })?
        }
        _ => String::new(),
    };
    let answered: Vec<_> =
        page.iter().filter_map(|stored| Some((stored.appeal.id, stored.appeal.answer_message?))).collect();
    let answers = if answered.is_empty() {
        Default::default()
    } else {
        store::message::texts(&app.db, &app.ring, &answered).await?
    };
    let appeals = page
        .iter()
        // The filter chose already; this holds even if it did not.
        .filter(|stored| Audience::may_see(&caller, &stored.appeal))
        .map(|stored| {
            let appeal = &stored.appeal;
            let audience = Audience::of(&caller, appeal);
            convert::appeal_view(appeal, &stored.papers, answers.get(&appeal.id), app.advices, audience)
        })
        .collect();
    Ok(wire::ListAppealsResponse { appeals, next_page_token })
}
