//! What the reconciler found, and what is to be mended of it.

use proto::sla::v1 as wire;
use proto::to_wire;
use rpc::{Refusal, Violations};
use uuid::Uuid;

use super::promise::name;
use crate::domain::{Drift, DriftKind, deadline_name};

pub(crate) fn drift_to_wire(drift: &Drift) -> wire::Drift {
    let kind = match drift.kind {
        DriftKind::AppealUntracked => wire::drift::Kind::AppealUntracked,
        DriftKind::AppealOutdated => wire::drift::Kind::AppealOutdated,
        DriftKind::RungMissing => wire::drift::Kind::RungMissing,
        DriftKind::RungOverdue => wire::drift::Kind::RungOverdue,
        DriftKind::FireTimeDiffers => wire::drift::Kind::FireTimeDiffers,
        DriftKind::DeadlineUnreadable => wire::drift::Kind::DeadlineUnreadable,
    };
    wire::Drift {
        deadline: deadline_name(drift.deadline),
        kind: kind.into(),
        first_find_time: Some(to_wire(drift.first_find_time)),
        find_time: Some(to_wire(drift.find_time)),
    }
}

/// The uid of the deadline to mend.
pub(crate) fn mend(request: &wire::MendDeadlineRequest) -> Result<Uuid, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let id = name(&mut violations, "name", "deadlines", &request.name);
    id.filter(|_| violations.is_empty()).ok_or_else(|| Refusal::invalid(violations))
}
