//! ListRebaseEntries: before and after, clock by clock.

use std::sync::Arc;

use ::store::Error;
use proto::sla::v1::{ListRebaseEntriesRequest, ListRebaseEntriesResponse};
use rpc::{Caller, Refusal, Violations, pages};
use uuid::Uuid;

use crate::grpc::convert::{no_rebase, rebase_entry_to_wire, rebase_id};
use crate::{App, store};

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (100, 1_000);

const METHOD: &str = "/otklik.sla.v1.SlaService/ListRebaseEntries";

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: ListRebaseEntriesRequest,
) -> Result<ListRebaseEntriesResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    violations.finish()?;
    let id = rebase_id(&request.parent)?;
    let bound = id.to_string();
    let after = app.pages.open::<(Uuid, String)>(METHOD, bound.as_bytes(), &request.page_token)?.unwrap_or_default();
    let mut db = app.db.pool().acquire().await.map_err(Error::from)?;
    store::rebase::get(&mut db, id).await?.ok_or_else(|| no_rebase(&request.parent))?;
    drop(db);
    // One more than asked for tells whether there is a next page.
    let mut found = store::rebase::list(app.db.pool(), id, after, i64::from(size) + 1).await?;
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last().filter(|_| more) {
        Some(last) => app.pages.seal(METHOD, bound.as_bytes(), &(last.deadline, last.clock.as_str()))?,
        None => String::new(),
    };
    Ok(ListRebaseEntriesResponse { entries: found.iter().map(rebase_entry_to_wire).collect(), next_page_token })
}
