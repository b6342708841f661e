//! Between the wire and the store.

use crate::store::list::Shown;
use proto::outbox::v1::{Call, call};
use proto::to_wire;
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

/// Collection of the resource name `calls/{uuid}`.
const COLLECTION: &str = "calls/";

/// States by their stored name.
const STATES: [(&str, call::State); 5] = [
    ("waiting", call::State::Waiting),
    ("done", call::State::Done),
    ("refused", call::State::Refused),
    ("dead", call::State::Dead),
    ("dropped", call::State::Dropped),
];

/// The resource name of a call.
pub(super) fn name_of(call_id: Uuid) -> String {
    format!("{COLLECTION}{call_id}")
}

/// The id in a resource name.
pub(super) fn id_of(name: &str) -> Result<Uuid, Refusal> {
    let mut violations = Violations::new();
    if name.is_empty() {
        violations.add("name", reasons::FIELD_REQUIRED, "must be given");
    }
    match name.strip_prefix(COLLECTION).map(Uuid::try_parse) {
        Some(Ok(id)) => Ok(id),
        _ => {
            if violations.is_empty() {
                violations.add("name", reasons::FIELD_INVALID, "must be calls/{uuid}");
            }
            Err(Refusal::invalid(violations))
        }
    }
}

/// The stored name of a filter's state; `None` for no filter.
pub(super) fn state_of(state: i32, violations: &mut Violations) -> Option<&'static str> {
    let known = call::State::try_from(state).unwrap_or_else(|_| {
        violations.add("state", reasons::FIELD_INVALID, "must be a state of the contract");
        call::State::Unspecified
    });
    STATES.iter().find(|(_, wire)| *wire == known).map(|(stored, _)| *stored)
}

/// A stored call as the contract shows it.
pub(super) fn to_call(shown: Shown) -> Call {
    let state = STATES.iter().find(|(stored, _)| *stored == shown.state).map_or(call::State::Unspecified, |it| it.1);
    Call {
        name: name_of(shown.call_id),
        destination: shown.destination,
        ordering_key: shown.ordering_key,
        sequence: shown.seq,
        method: shown.method,
        state: state.into(),
        attempts: shown.attempts,
        last_error: shown.last_error.unwrap_or_default(),
        create_time: Some(to_wire(shown.create_time.to_jiff())),
        next_attempt_time: (state == call::State::Waiting).then(|| to_wire(shown.next_attempt_time.to_jiff())),
        settle_time: shown.settle_time.map(|time| to_wire(time.to_jiff())),
    }
}
