//! Another body is asked: nobody's clock pauses, and one more runs until it answers (L5).

use super::*;

fn spec() -> Actor {
    staff_actor("spec")
}

/// At work, and promised that another body answers.
fn at_work() -> Appeal {
    answering(&in_progress()).after
}

fn body(appeal: &Appeal) -> &Clock {
    appeal.other_body.as_ref().unwrap()
}

fn record(outcome: BodyOutcome) -> Command {
    Command::RecordBodyAnswer { outcome }
}

/// An hour later.
fn then(appeal: &Appeal, command: &Command, by: &Actor) -> Decision {
    let decision = run(appeal, command, by, appeal.update_time + hours(1)).unwrap();
    assert_eq!(decision.after.fault(), None);
    decision
}

#[test]
fn its_clock_runs_until_it_answers_and_the_others_run_on() {
    let before = at_work();
    let asked = then(&before, &ask_body(), &spec());
    let note = asked.message.as_ref().unwrap();
    assert_eq!((note.visibility, note.author), (Visibility::Internal, Author::Staff), "the citizen does not read it");
    let asked = asked.after;
    assert_eq!(asked.state, State::AwaitingOtherBody);
    assert_eq!((body(&asked).epoch, body(&asked).start_time), (1, asked.update_time));
    assert!(body(&asked).due_time.is_some_and(|due| due > asked.update_time));
    assert_eq!((&asked.resolution, asked.expected_time), (&before.resolution, before.expected_time));
    assert_eq!(asked.suspensions, [], "nothing pauses");
    assert!(asked.revision > before.revision, "the SLA monitor hears of it");

    let answered = then(&asked, &record(BodyOutcome::Answered), &spec()).after;
    assert_eq!(answered.state, State::InProgress);
    assert_eq!((body(&answered).state, body(&answered).end_time), (ClockState::Met, Some(answered.update_time)));
    assert_eq!(answered.resolution, before.resolution);
}

#[test]
fn each_time_is_a_promise_of_its_own() {
    let asked = then(&at_work(), &ask_body(), &spec()).after;
    let late = then(&asked, &rung(&asked, ClockKind::OtherBody, 1, monday() + hours(99)), &sla()).after;
    assert_eq!((body(&late).acted_level, late.expected_time), (1, asked.expected_time), "no matter of the citizen's");
    let holder = staff_actor(late.assignee.as_deref().unwrap());
    let given_up = then(&late, &record(BodyOutcome::GivenUp), &holder).after;
    assert_eq!((given_up.state, body(&given_up).state), (State::InProgress, ClockState::Cancelled));
    let again = then(&given_up, &ask_body(), &holder).after;
    assert_eq!((body(&again).epoch, body(&again).start_epoch, body(&again).acted_level), (2, 2, 0));
    let stale = rung(&late, ClockKind::OtherBody, 1, monday() + hours(200));
    assert_eq!(run(&again, &stale, &sla(), again.update_time), Err(Refusal::EpochStale { present: 2 }));
}

#[test]
fn whoever_resolves_or_takes_back_the_appeal_waits_for_no_other_body() {
    let asked = then(&at_work(), &ask_body(), &spec()).after;
    let resolved = then(&asked, &Command::Resolve { assertion: None }, &spec()).after;
    assert_eq!((body(&resolved).state, resolved.resolution.state), (ClockState::Cancelled, ClockState::Met));
    let withdrawn = then(&asked, &Command::Withdraw, &Actor::Citizen(citizen())).after;
    assert_eq!(body(&withdrawn).state, ClockState::Cancelled);
}

#[test]
fn where_nothing_is_promised_it_can_be_asked_all_the_same() {
    let before = in_progress();
    let asked = then(&before, &ask_body(), &spec()).after;
    assert_eq!((asked.state, asked.other_body.clone()), (State::AwaitingOtherBody, None));
    assert_eq!(asked.revision, before.revision, "no clock moved");
    assert_eq!(then(&asked, &record(BodyOutcome::Answered), &spec()).after.state, State::InProgress);
}

#[test]
fn who_has_it_asks_and_records_and_nobody_else() {
    let stranger = staff_actor("boss");
    let asked = then(&at_work(), &ask_body(), &spec()).after;
    let now = asked.update_time + hours(1);
    assert_eq!(run(&at_work(), &ask_body(), &stranger, now), Err(Refusal::NotAssignee));
    assert_eq!(run(&asked, &record(BodyOutcome::Answered), &stranger, now), Err(Refusal::NotAssignee));
}

#[test]
fn who_asks_has_begun_with_it_without_having_answered() {
    let assigned = after(filed("consultation", Channel::Portal), &[(staff_actor("op"), give("spec"))]);
    let asked = then(&answering(&assigned).after, &ask_body(), &spec()).after;
    assert!(asked.first_answer.is_running(), "the citizen has heard nothing from a person");
    let answered = then(&asked, &post(Visibility::Public), &spec()).after;
    assert_eq!((answered.first_answer.state, answered.state), (ClockState::Met, State::AwaitingOtherBody));
}
