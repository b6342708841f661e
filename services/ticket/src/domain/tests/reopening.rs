//! What a reopened appeal is promised, by its policy (peers S-12).

use super::*;

fn applicant() -> Actor {
    Actor::Citizen(citizen())
}

/// Extended, late once, and resolved.
fn resolved(appeal: Appeal) -> Appeal {
    let spec = || staff_actor("spec");
    let told = outcome_of(Uuid::from_u128(2), NoticeState::Sent);
    let extended = after(appeal, &[(spec(), extend(1, 2)), (sla(), told)]);
    let due = extended.resolution.due_time.unwrap();
    let late = run(&extended, &rung(&extended, ClockKind::Resolution, 1, due + hours(9)), &sla(), due).unwrap().after;
    after(late, &[(staff_actor("senior"), Command::Resolve { assertion: None })])
}

fn reopen(appeal: &Appeal) -> Appeal {
    run(appeal, &Command::Reopen, &applicant(), appeal.update_time + hours(30)).unwrap().after
}

#[test]
fn its_term_goes_on_unless_the_policy_says_otherwise() {
    let resolved = resolved(in_progress());
    let reopened = reopen(&resolved);
    let (was, is) = (&resolved.resolution, &reopened.resolution);
    assert_eq!((is.start_time, is.start_epoch, is.acted_level), (was.start_time, 1, 1));
    assert_eq!((is.epoch, is.allowance), (was.epoch + 1, was.allowance));
    assert_eq!(reopened.granted(ClockKind::Resolution).len(), 1);
}

#[test]
fn a_term_that_the_policy_grants_begins_anew_and_so_does_its_ladder() {
    let resolved = resolved(answering(&in_progress()).after);
    let reopened = reopen(&resolved);
    let is = &reopened.resolution;
    assert_eq!((is.start_time, is.start_epoch), (reopened.update_time, resolved.resolution.epoch + 1));
    assert_eq!((is.epoch, is.acted_level), (is.start_epoch, 0));
    assert_eq!(is.allowance, deadline::Allowance::WorkingDays(3));
    let calendar = ANSWERING.calendar(&is.calendar).unwrap();
    let due = deadline::due(calendar, reopened.update_time, is.allowance, &[]).unwrap().time();
    assert_eq!((is.due_time, reopened.expected_time), (due, due));
    assert_eq!(reopened.granted(ClockKind::Resolution), [], "it was extended for another term");
    // The first level acts again; who has the appeal stands that high.
    let due = due.unwrap();
    let late = run(&reopened, &rung(&reopened, ClockKind::Resolution, 1, due + hours(9)), &sla(), due).unwrap().after;
    assert_eq!((late.resolution.acted_level, late.assignee.as_deref()), (1, Some("senior")));
    assert_eq!(late.expected_time, Some(due + hours(9)));
}

#[test]
fn under_a_set_that_has_none_its_whole_term_counts_from_then_on() {
    let reopened = reopen(&resolved(answering(&in_progress()).after));
    let rebased = run(&reopened, &rebase(9), &sla(), reopened.update_time + hours(1)).unwrap().after;
    let term = NEXT_SET.term(&rebased.promise.policy, ClockKind::Resolution).unwrap();
    assert_eq!(rebased.resolution.allowance, term.plan().allowance);
    assert_eq!(rebased.resolution.start_time, reopened.resolution.start_time);
}
