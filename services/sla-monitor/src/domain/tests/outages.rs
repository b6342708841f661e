//! What is promised after an outage, and when the next level's turn is: a day for the resolution, then 8 h for each level.

use super::*;

fn resolution_only() -> Deadline {
    let (deadline, _) =
        Deadline::track(Uuid::nil(), promise(vec![clock(RESOLUTION)], 1), start(), &Policies::builtin());
    deadline
}

/// Fires what is due at that hour, and answers what went to the ticket service.
fn fire(deadline: &mut Deadline, hour: i64) -> Rung {
    let moved = deadline.fire(start() + hours(hour), &Policies::builtin());
    moved.into_iter().find(|rung| rung.state == RungState::Fired).unwrap()
}

fn accept(deadline: &mut Deadline, rung: &Rung, hour: i64, told: Option<i64>) -> Rung {
    let told = told.map(|told| start() + hours(told));
    deadline.settle(rung.key, &accepted(told), start() + hours(hour), &Policies::builtin()).unwrap()
}

fn at(hour: i64) -> Option<Timestamp> {
    Some(start() + hours(hour))
}

/// When the level waits, and until when it will have it.
fn waits(deadline: &Deadline, level: i16) -> (Option<Timestamp>, Option<Timestamp>) {
    let rung = deadline.rungs.iter().rfind(|rung| rung.is_armed() && rung.key.level == level).unwrap();
    (rung.fire_time, rung.promise_time)
}

#[test]
fn a_level_that_fires_late_promises_its_term_from_then_on() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 72);
    assert_eq!((fired.key.level, fired.fire_time, fired.act_time, fired.promise_time), (2, at(32), at(72), at(80)));
    let mut deadline = resolution_only();
    assert_eq!(fire(&mut deadline, 26).promise_time, at(34), "not the 6 h that are left of it");
}

#[test]
fn a_level_accepted_late_has_its_term_and_the_next_waits_for_its_end() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 24);
    assert_eq!(fired.promise_time, at(32));
    let acted = accept(&mut deadline, &fired, 50, Some(58));
    assert_eq!((acted.act_time, acted.promise_time), (at(24), at(58)), "the event is the firing");
    assert!(!deadline.is_overtaken(&acted, start() + hours(50)));
    assert_eq!((waits(&deadline, 2), deadline.next_fire_time()), ((at(58), at(66)), at(58)));
    assert_eq!(deadline.fire(start() + hours(57), &Policies::builtin()), []);
    assert_eq!(fire(&mut deadline, 58).promise_time, at(66));
}

#[test]
fn without_a_word_of_the_ticket_service_a_passed_promise_begins_again() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 24);
    assert_eq!(accept(&mut deadline.clone(), &fired, 31, None).promise_time, at(32), "not passed");
    assert_eq!(accept(&mut deadline, &fired, 32, None).promise_time, at(40));
    assert_eq!(waits(&deadline, 2), (at(40), at(48)));
}

#[test]
fn an_earlier_time_than_was_promised_is_not_taken_over() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 24);
    assert_eq!(accept(&mut deadline, &fired, 24, Some(30)).promise_time, at(32));
}

/// The answer was under way for longer than what it told.
#[test]
fn an_acceptance_heard_of_after_its_time_leaves_the_next_level_due() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 24);
    let acted = accept(&mut deadline, &fired, 50, Some(32));
    assert!(deadline.is_overtaken(&acted, start() + hours(50)));
    assert_eq!(fire(&mut deadline, 50).promise_time, at(58));
}

#[test]
fn a_refused_level_holds_up_nobody() {
    let mut deadline = resolution_only();
    let fired = fire(&mut deadline, 30);
    deadline.settle(fired.key, &Answer::Dead, start() + hours(30), &Policies::builtin()).unwrap();
    assert_eq!(waits(&deadline, 2), (at(32), at(40)), "as planned");
}

/// As the ticket service tells it when the clock runs again, whichever of the two is heard of first.
#[test]
fn a_late_levels_term_after_a_pause_is_what_the_citizen_was_told_then() {
    let policies = Policies::builtin();
    let resumed = |answered: i64| {
        let mut clock = clock(RESOLUTION);
        clock.epoch = 2;
        let mut later = promise(vec![clock], 2);
        later.suspensions = vec![Suspension {
            start_time: start() + hours(52),
            end_time: at(answered),
            reason: "awaiting_applicant".into(),
            actor: "staff/anna".into(),
        }];
        later
    };
    let mut fired = resolution_only();
    let rung = fire(&mut fired, 24);
    for answered in [54, 70] {
        let mut answer_first = fired.clone();
        accept(&mut answer_first, &rung, 50, Some(58));
        answer_first.revise(resumed(answered), start() + hours(answered), &policies).unwrap();
        let mut update_first = fired.clone();
        update_first.revise(resumed(answered), start() + hours(answered), &policies).unwrap();
        accept(&mut update_first, &rung, answered, Some(58));
        // When the answer was heard of is all that differs, and counts in the epoch of the rung only.
        let heard = answer_first.rungs.iter_mut().zip(&update_first.rungs);
        heard.for_each(|(one, other)| one.accept_time = other.accept_time);
        assert_eq!(answer_first, update_first);
        assert_eq!(waits(&answer_first, 2), (at(answered + 8), at(answered + 16)));
    }
}

#[test]
fn a_pause_moves_the_promise_that_it_reaches() {
    let policies = Policies::builtin();
    let mut deadline = resolution_only();
    let rung = fire(&mut deadline, 24);
    accept(&mut deadline, &rung, 24, Some(32));
    let mut clock = clock(RESOLUTION);
    clock.epoch = 2;
    let mut later = promise(vec![clock], 2);
    later.suspensions = vec![Suspension {
        start_time: start() + hours(26),
        end_time: at(36),
        reason: "awaiting_applicant".into(),
        actor: "staff/anna".into(),
    }];
    deadline.revise(later, start() + hours(36), &policies).unwrap();
    assert_eq!(waits(&deadline, 2), (at(42), at(50)));
}
