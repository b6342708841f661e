//! ListPolicySets: the newest first, what is compiled in at the end.

use std::sync::Arc;

use proto::sla::v1::{ListPolicySetsRequest, ListPolicySetsResponse, PolicySet};
use rpc::{Caller, Refusal, Violations, pages};

use crate::App;
use crate::grpc::convert::{record_to_wire, shipped_to_wire};

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (20, 100);

const METHOD: &str = "/otklik.sla.v1.SlaService/ListPolicySets";

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: ListPolicySetsRequest,
) -> Result<ListPolicySetsResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    violations.finish()?;
    let below = app.pages.open::<u32>(METHOD, &[], &request.page_token)?.unwrap_or(u32::MAX);
    // One more than asked for tells whether there is a next page.
    let limit = size as usize + 1;
    let records = policies::page(app.db.pool(), below, i64::from(size) + 1).await?;
    let mut policy_sets: Vec<PolicySet> = records.iter().map(record_to_wire).collect();
    let lowest = policy_sets.last().map_or(i64::from(below), |set| set.version);
    let published = app.shelf.published();
    let shipped = published.editions().rev().filter(|edition| edition.effective_time.is_none());
    for edition in shipped.filter(|edition| i64::from(edition.set.version()) < lowest).take(limit - policy_sets.len()) {
        policy_sets.push(shipped_to_wire(&edition.set)?);
    }
    let more = policy_sets.len() == limit;
    policy_sets.truncate(size as usize);
    for set in &mut policy_sets {
        set.document.clear();
        set.changes.clear();
    }
    let last = policy_sets.last().filter(|_| more).and_then(|set| u32::try_from(set.version).ok());
    let next_page_token = last.map(|version| app.pages.seal(METHOD, &[], &version)).transpose()?.unwrap_or_default();
    Ok(ListPolicySetsResponse { policy_sets, next_page_token })
}
