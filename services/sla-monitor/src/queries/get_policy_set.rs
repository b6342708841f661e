//! GetPolicySet.

use std::sync::Arc;

use proto::sla::v1::{ErrorReason, GetPolicySetRequest, PolicySet};
use rpc::{Caller, Refusal};

use crate::App;
use crate::grpc::convert::{record_to_wire, set_version, shipped_to_wire};

pub(crate) async fn run(app: Arc<App>, _: Caller, request: GetPolicySetRequest) -> Result<PolicySet, Refusal> {
    let unknown = |name: &str| Refusal::not_found(ErrorReason::PolicySetNotFound, "otklik.sla.v1.PolicySet", name);
    // A malformed name names nothing, and is not repeated: anything may have been typed there.
    let version = set_version(&request.name).ok_or_else(|| unknown("(malformed)"))?;
    if let Some(record) = policies::get(app.db.pool(), version).await? {
        return Ok(record_to_wire(&record));
    }
    let published = app.shelf.published();
    let shipped = published.sets().find(|set| set.version() == version).ok_or_else(|| unknown(&request.name))?;
    shipped_to_wire(shipped)
}
