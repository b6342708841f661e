//! How much of a clock's time is left, and by what it is counted that a policy promises no longer.

use ::deadline::{ExtensionReason, extended};

use super::*;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn asked(from: &str, to: Option<&str>) -> Suspension {
    let (start_time, end_time) = (at(from), to.map(at));
    Suspension { start_time, end_time, reason: "awaiting_applicant".into(), actor: "staff/1".into() }
}

/// Five working days, one more, and a pause before that: what is left when it is paused again is what was left until then.
#[test]
fn a_pause_changes_nothing_of_what_is_left_whatever_was_before_it() {
    let (policies, set) = (Policies::builtin(), PolicySet::builtin());
    let term = set.term("standard", RESOLUTION).unwrap();
    let by = Extension { reason: Some(ExtensionReason::FurtherAnalysis), length: Allowance::WorkingDays(1) };
    let mut promise = Promise {
        policy: "standard".into(),
        suspensions: vec![asked("2026-03-03T10:00:00Z", Some("2026-03-05T08:00:00Z"))],
        ..promise(Vec::new(), 1)
    };
    let due = extended(
        term.calendar(),
        start(),
        term.allowance(),
        &[by.length],
        &term.plan().pausing(&promise.counted_suspensions()),
    );
    let runs = Clock {
        due_time: due.unwrap().time(),
        allowance: term.allowance(),
        calendar: term.calendar().id().into(),
        calendar_version: term.calendar().version().into(),
        extensions: vec![by],
        ..clock(RESOLUTION)
    };
    for (now, is_late) in [("2026-03-09T11:00:00Z", false), ("2026-03-20T11:00:00Z", true)] {
        let left = policies.remaining(&promise, &runs, at(now)).unwrap();
        assert_eq!(left.is_negative(), is_late, "{left:?}");
        let paused = Clock { state: ClockState::Paused, due_time: None, ..runs.clone() };
        promise.suspensions.push(asked(now, None));
        for later in [now, "2026-04-02T09:00:00Z"] {
            assert_eq!(policies.remaining(&promise, &paused, at(later)), Some(left), "{later}");
        }
        promise.suspensions.pop();
    }
    let met = Clock { state: ClockState::Met, due_time: None, end_time: Some(start()), ..runs };
    assert_eq!(policies.remaining(&promise, &met, start()), None);
}

/// A clock that a newer set has nothing of goes on by what it was promised under, also in figures and explanations.
#[test]
fn what_a_policy_promises_no_longer_counts_as_it_did() {
    let policies = answering();
    // Under the shipped set, which promises no next answer, with a wait that began under the other one.
    let waits = Clock { due_time: Some(start() + hours(1)), ..clock(ClockKind::NextAnswer) };
    let promise = promise(vec![waits.clone(), clock(RESOLUTION)], 2);
    assert_eq!(policies.set_of(&promise, &waits).map(PolicySet::version), Some(ANSWERING.version()));
    assert_eq!(policies.remaining(&promise, &waits, start()), Some(hours(1)));
    assert_eq!(
        policies.set_of(&promise, &promise.clocks[1]).map(PolicySet::version),
        Some(PolicySet::builtin().version())
    );
}
