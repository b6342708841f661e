//! The reasons that every service shares are the same numbers and names everywhere.

use crate::{assert_none, pool};

#[test]
fn shared_reasons_agree() {
    let reasons: Vec<_> = pool().all_enums().filter(|e| e.name() == "ErrorReason").collect();
    let shared = |e: &prost_reflect::EnumDescriptor| {
        e.values().filter(|v| v.number() < 20).map(|v| (v.number(), v.name().to_owned())).collect::<Vec<_>>()
    };
    let model = shared(&reasons[0]);
    let faults: Vec<_> =
        reasons.iter().filter(|e| shared(e) != model).map(|e| format!("{} differs", e.full_name())).collect();
    assert_none(model.len(), &faults);
    assert_eq!(reasons.len(), 5, "every package has its ErrorReason");
}
