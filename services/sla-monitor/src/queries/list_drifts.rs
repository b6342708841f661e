//! ListDrifts: what the reconciler found.

use std::sync::Arc;

use proto::sla::v1::{ListDriftsRequest, ListDriftsResponse};
use proto::to_wire;
use rpc::{Caller, Refusal, Violations, pages};
use uuid::Uuid;

use crate::App;
use crate::grpc::convert::drift_to_wire;
use crate::store::{drift, reconciliation};

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (100, 1_000);

const METHOD: &str = "/otklik.sla.v1.SlaService/ListDrifts";

pub(crate) async fn run(app: Arc<App>, _: Caller, request: ListDriftsRequest) -> Result<ListDriftsResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    violations.finish()?;
    let after = app.pages.open::<(String, Uuid)>(METHOD, &[], &request.page_token)?.unwrap_or_default();
    // One more than asked for tells whether there is a next page.
    let mut found = drift::list(app.db.pool(), after, i64::from(size) + 1).await?;
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last().filter(|_| more) {
        Some(last) => app.pages.seal(METHOD, &[], &(last.kind.as_str(), last.deadline))?,
        None => String::new(),
    };
    let whole_time = reconciliation::get(app.db.pool()).await?.whole_time;
    Ok(ListDriftsResponse {
        drifts: found.iter().map(drift_to_wire).collect(),
        next_page_token,
        reconcile_time: whole_time.map(to_wire),
    })
}
