//! The applicant is waited for as long as the policy has it (peers S-06).

use super::*;

/// Asked, under a policy that waits for two working days.
fn asked() -> Appeal {
    after(answering(&in_progress()).after, &[(staff_actor("spec"), ask(Need::Information))])
}

fn end(appeal: &Appeal, now: Timestamp) -> Decision {
    let start_time = appeal.open_suspension().map_or(monday(), |open| open.start_time);
    run(appeal, &Command::LookAtPause { start_time }, &Actor::System("ticket".into()), now).unwrap()
}

#[test]
fn then_the_clocks_run_on_and_the_pause_does_not_count() {
    let appeal = asked();
    let open = appeal.open_suspension().unwrap();
    let (from, until) = (open.start_time, open.resume_time.unwrap());
    let calendar = ANSWERING.calendar(&appeal.resolution.calendar).unwrap();
    let two = deadline::due(calendar, from, deadline::Allowance::WorkingDays(2), &[]).unwrap().time();
    assert_eq!(Some(until), two);
    let early = end(&appeal, until - SignedDuration::from_micros(1));
    assert_eq!(early.after.state, State::AwaitingApplicant, "not yet");

    let Decision { after: resumed, events, .. } = end(&appeal, until + hours(1));
    assert_eq!(events.iter().map(|it| it.event.kind()).collect::<Vec<_>>(), ["pause_ended"]);
    assert_eq!((resumed.state, resumed.open_suspension()), (State::InProgress, None));
    // As if they had answered at that moment, but for the answer that they would wait for.
    let by = Actor::Citizen(citizen());
    let answered = run(&appeal, &answer(), &by, until + hours(1)).unwrap().after;
    assert_eq!((resumed.resolution, resumed.expected_time), (answered.resolution, answered.expected_time));
    assert!(resumed.next_answer.is_none() && answered.next_answer.is_some());
}

#[test]
fn who_answers_first_is_not_ended_and_a_later_pause_is_another_one() {
    let appeal = asked();
    let first = appeal.open_suspension().unwrap().clone();
    let by = Actor::Citizen(citizen());
    let answered = run(&appeal, &answer(), &by, first.start_time + hours(1)).unwrap().after;
    let late = first.resume_time.unwrap() + hours(1);
    assert!(end(&answered, late).already_applied());
    let again = run(&answered, &ask(Need::Information), &staff_actor("spec"), late).unwrap().after;
    let command = Command::LookAtPause { start_time: first.start_time };
    let decision = run(&again, &command, &Actor::System("ticket".into()), late + hours(24 * 30)).unwrap();
    assert!(decision.already_applied(), "the word is of the first one");
    assert!(!end(&again, late + hours(24 * 30)).already_applied());
}

#[test]
fn a_policy_that_says_nothing_waits_for_good() {
    let appeal = after(in_progress(), &[(staff_actor("spec"), ask(Need::Verification))]);
    assert_eq!(appeal.open_suspension().unwrap().resume_time, None);
    assert!(end(&appeal, monday() + hours(24 * 300)).already_applied());
}

#[test]
fn one_that_nobody_has_goes_back_to_its_queue() {
    let ask = Escalate { level: Some(1), clock: None, level_due_time: None, lateness: None };
    let away = staff().into_iter().map(|member| Member { on_duty: false, ..member }).collect();
    let command = Command::Escalate { ask, candidates: away };
    let queued = run(&asked(), &command, &staff_actor("spec"), monday() + hours(9)).unwrap().after;
    assert_eq!((queued.state, queued.assignee.as_deref()), (State::AwaitingApplicant, None));
    let resumed = end(&queued, monday() + hours(24 * 30)).after;
    assert_eq!((resumed.state, resumed.fault()), (State::Registered, None));
}

#[test]
fn on_the_way_they_are_reminded_once_and_no_clock_notices() {
    let appeal = asked();
    let open = appeal.open_suspension().unwrap();
    let (from, at) = (open.start_time, open.remind_time.unwrap());
    assert_eq!((at, open.look_time()), (from + hours(5), Some(at)));
    assert!(end(&appeal, at - SignedDuration::from_micros(1)).already_applied());
    let Decision { after: reminded, events, .. } = end(&appeal, at);
    assert_eq!(events.iter().map(|it| it.event.kind()).collect::<Vec<_>>(), ["applicant_reminded"]);
    assert_eq!((reminded.revision, reminded.state), (appeal.revision, appeal.state));
    let open = reminded.open_suspension().unwrap();
    assert_eq!((open.remind_time, open.look_time()), (None, open.resume_time));
    assert!(end(&reminded, at + hours(1)).already_applied());
    // After an outage they are not reminded of what is over.
    let late = end(&appeal, open.resume_time.unwrap());
    assert_eq!(late.events.iter().map(|it| it.event.kind()).collect::<Vec<_>>(), ["pause_ended"]);
}

#[test]
fn a_reminder_of_the_second_pause_leaves_the_first_one_as_it_was() {
    let first = asked();
    let by = Actor::Citizen(citizen());
    let answered = run(&first, &answer(), &by, first.update_time + hours(1)).unwrap().after;
    let second = after(answered, &[(staff_actor("spec"), ask(Need::Information))]);
    let closed = second.suspensions[0].clone();
    assert!(closed.remind_time.is_some(), "it ended before that");
    let reminded = end(&second, second.open_suspension().unwrap().remind_time.unwrap()).after;
    assert_eq!((reminded.suspensions[0].clone(), reminded.suspensions[1].remind_time), (closed, None));
}
