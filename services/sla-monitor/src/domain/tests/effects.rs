//! What another set does to a promise whose clocks it does not touch.

use super::*;

#[test]
fn another_promise_besides_the_clocks_that_run_is_told_with_the_resolution() {
    let policies = answering();
    let kinds = |promise: &Promise, set: &PolicySet| policies.effects(promise, set);
    let open = promise(both(), 1);
    assert_eq!(
        kinds(&open, &ANSWERING),
        [(ClockKind::FirstAnswer, Effect::Unchanged), (RESOLUTION, Effect::OtherTerms)],
        "every answer is promised, and a reopened appeal has six hours"
    );
    assert_eq!(
        kinds(&open, PolicySet::builtin()),
        [(ClockKind::FirstAnswer, Effect::Unchanged), (RESOLUTION, Effect::Unchanged)]
    );
}
