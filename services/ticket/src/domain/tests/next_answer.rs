//! The clock of the next answer: there only while the applicant waits (peers, pain 1).

use super::*;

fn applicant() -> Actor {
    Actor::Citizen(citizen())
}

fn spec() -> Actor {
    staff_actor("spec")
}

/// At work, and answered once.
fn answered() -> Appeal {
    answering(&in_progress()).after
}

fn next(appeal: &Appeal) -> Option<&Clock> {
    appeal.next_answer.as_ref()
}

fn runs(appeal: &Appeal) -> bool {
    next(appeal).is_some_and(Clock::is_running)
}

fn say(appeal: &Appeal, by: &Actor, after: SignedDuration) -> Appeal {
    run(appeal, &post(Visibility::Public), by, appeal.update_time + after).unwrap().after
}

#[test]
fn it_runs_from_the_oldest_that_nobody_answered_and_no_longer_than_to_the_answer() {
    let appeal = answered();
    assert_eq!(next(&appeal), None);
    let asked = say(&appeal, &applicant(), hours(1));
    let clock = next(&asked).unwrap();
    let allowance = ANSWERING.policy(&asked.promise.policy).unwrap().next_answer.as_ref().unwrap().allowance;
    assert_eq!((clock.epoch, clock.start_epoch, clock.start_time), (1, 1, asked.update_time));
    assert_eq!((clock.allowance, clock.state), (allowance, ClockState::Running));
    assert!(clock.due_time.unwrap() > asked.update_time);
    assert_eq!(asked.expected_time, appeal.expected_time, "what the citizen was told to expect is the resolution");

    let more = say(&asked, &applicant(), hours(2));
    assert_eq!(next(&more), Some(clock), "what they add does not move it");
    let noted = run(&more, &post(Visibility::Internal), &spec(), more.update_time + hours(1)).unwrap().after;
    assert!(runs(&noted), "a note is no answer");
    let told = run(&noted, &post(Visibility::Public), &sla(), noted.update_time + hours(1)).unwrap().after;
    assert!(runs(&told), "what a system writes is no answer");

    let met = say(&told, &spec(), hours(1));
    let clock = next(&met).unwrap();
    assert_eq!((clock.state, clock.end_time, clock.due_time), (ClockState::Met, Some(met.update_time), None));
    let more = say(&met, &spec(), hours(1));
    assert_eq!(next(&more), Some(clock), "who was answered waits for nothing");
    assert!(more.revision == met.revision, "the SLA monitor hears of no message that moves no clock");
}

#[test]
fn each_wait_is_a_promise_of_its_own() {
    let first = say(&answered(), &applicant(), hours(1));
    let late = run(&first, &rung(&first, ClockKind::NextAnswer, 1, monday() + hours(99)), &sla(), monday() + hours(80));
    let late = late.unwrap().after;
    assert_eq!((next(&late).unwrap().acted_level, late.escalation.level), (1, 1));
    let met = say(&late, &spec(), hours(1));
    let second = say(&met, &applicant(), hours(1));
    let clock = next(&second).unwrap();
    assert_eq!((clock.epoch, clock.start_epoch, clock.acted_level), (2, 2, 0));
    let stale = rung(&late, ClockKind::NextAnswer, 1, monday() + hours(200));
    assert_eq!(run(&second, &stale, &sla(), monday() + hours(199)).unwrap_err(), Refusal::EpochStale { present: 2 });
    // Level 1 acts for this wait too; who has the appeal stands that high by now, and keeps it.
    let again = rung(&second, ClockKind::NextAnswer, 1, monday() + hours(200));
    let decision = run(&second, &again, &sla(), monday() + hours(199)).unwrap();
    assert_eq!(decision.events[0].event.kind(), "escalated");
    assert_eq!((next(&decision.after).unwrap().acted_level, decision.after.escalation.level), (1, 1));
}

/// The resolution's ladder handed it to a senior specialist by its first level; that of the next answer names the supervisor by its own first.
#[test]
fn a_level_hands_to_whom_its_policy_names_whatever_its_number() {
    let waiting = say(&answered(), &applicant(), hours(1));
    let at = waiting.resolution.due_time.unwrap();
    let up = run(&waiting, &rung(&waiting, ClockKind::Resolution, 1, at + hours(8)), &sla(), at).unwrap().after;
    assert_eq!((up.assignee.as_deref(), up.queue_level), (Some("senior"), Level::SeniorSpecialist));
    let higher = run(&up, &rung(&up, ClockKind::NextAnswer, 1, at + hours(8)), &sla(), at + hours(1)).unwrap().after;
    assert_eq!((higher.assignee.as_deref(), higher.queue_level), (Some("boss"), Level::Supervisor));
    assert_eq!(higher.escalation.level, 1, "the first level of either ladder");
    let again = run(&higher, &rung(&higher, ClockKind::Resolution, 2, at + hours(16)), &sla(), at + hours(8)).unwrap();
    assert_eq!((again.after.assignee.as_deref(), again.after.escalation.level), (Some("boss"), 2));
}

#[test]
fn a_question_back_is_an_answer_and_what_is_brought_waits_for_one() {
    let waiting = say(&answered(), &applicant(), hours(1));
    let decision = run(&waiting, &ask(Need::Information), &spec(), waiting.update_time + hours(1)).unwrap();
    let kinds: Vec<_> = decision.events.iter().map(|recorded| recorded.event.kind()).collect();
    assert_eq!(kinds, ["next_answered", "info_requested"], "met, and not paused (peers, pain 2)");
    let asked = decision.after;
    let muttered = say(&asked, &applicant(), hours(1));
    assert!(!runs(&muttered), "it is their turn");
    let brought = run(&muttered, &answer(), &applicant(), muttered.update_time + hours(30)).unwrap().after;
    assert!(runs(&brought));
    assert_eq!(
        next(&brought).unwrap().start_time,
        brought.update_time,
        "the pause is before it and counts for nothing"
    );
}

#[test]
fn before_the_first_answer_its_own_clock_tells_and_after_the_end_none_does() {
    let appeal = answering(&after(filed("consultation", Channel::Portal), &[(spec(), give("spec"))])).after;
    let wrote = say(&appeal, &applicant(), hours(1));
    assert_eq!(next(&wrote), None);
    let first = say(&wrote, &spec(), hours(1));
    assert_eq!((first.first_answer.state, next(&first)), (ClockState::Met, None));
    let waiting = say(&first, &applicant(), hours(1));
    let resolve = Command::Resolve { assertion: None };
    let resolved = run(&waiting, &resolve, &spec(), waiting.update_time + hours(1)).unwrap().after;
    assert_eq!(next(&resolved).unwrap().state, ClockState::Met);
    let reopened = run(&resolved, &Command::Reopen, &applicant(), resolved.update_time + hours(1)).unwrap().after;
    assert!(runs(&reopened), "they say why, and wait");
    let by_staff = run(&resolved, &Command::Reopen, &spec(), resolved.update_time + hours(1)).unwrap().after;
    assert!(!runs(&by_staff));
    let gone = run(&waiting, &Command::Withdraw, &applicant(), waiting.update_time + hours(1)).unwrap().after;
    assert_eq!(next(&gone).unwrap().state, ClockState::Cancelled);
}

#[test]
fn a_set_that_promises_none_leaves_the_wait_as_it_was_promised() {
    let waiting = say(&answered(), &applicant(), hours(1));
    let rebased = run(&waiting, &rebase(9), &sla(), waiting.update_time + hours(1)).unwrap().after;
    assert_eq!(next(&rebased), next(&waiting));
    let met = say(&rebased, &spec(), hours(1));
    let wrote = say(&met, &applicant(), hours(1));
    assert!(!runs(&wrote), "nothing more is promised");
}

#[test]
fn a_message_past_the_calendars_horizon_is_taken_all_the_same() {
    let far: Timestamp = "2090-01-01T09:00:00Z".parse().unwrap();
    let appeal = answered();
    let days = deadline::Allowance::WorkingDays(1);
    let term = ANSWERING.policy(&appeal.promise.policy).unwrap().next_answer.as_ref().unwrap();
    let decision = run(&appeal, &post(Visibility::Public), &applicant(), far).unwrap();
    assert_eq!(runs(&decision.after), term.allowance.basis() != days.basis(), "real time needs no calendar");
}
