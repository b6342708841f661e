//! Clocks that begin anew: the next answer's with each wait of the applicant, the resolution's when the appeal is opened again.

use super::*;

const NEXT: ClockKind = ClockKind::NextAnswer;

/// The wait that began in that epoch, at that hour.
fn wait(epoch: i64, at: i64) -> Clock {
    let begun = start() + hours(at);
    let due_time = Some(begun + SignedDuration::from_mins(30));
    Clock { epoch, start_epoch: epoch, start_time: begun, due_time, ..clock(NEXT) }
}

fn met(wait: Clock, at: i64) -> Clock {
    Clock { state: ClockState::Met, due_time: None, end_time: Some(start() + hours(at)), ..wait }
}

fn tell(deadline: &mut Deadline, clock: Clock, at: i64) -> Told {
    let told = answering_promise(vec![clock], deadline.promise.revision + 1);
    deadline.revise(told, start() + hours(at), &answering()).unwrap()
}

fn waiting() -> Deadline {
    let (deadline, told) = Deadline::track(Uuid::nil(), answering_promise(vec![wait(1, 0)], 1), start(), &answering());
    assert_eq!(told, Told::default());
    deadline
}

/// Level 1 is due half an hour after a wait began, level 2 after an hour: this is between the two.
fn after(at: i64) -> Timestamp {
    start() + hours(at) + SignedDuration::from_mins(45)
}

/// What has fired and waits for its answer.
fn fire(deadline: &mut Deadline, now: Timestamp) -> RungKey {
    let fired = deadline.fire(now, &answering());
    fired.iter().find(|rung| rung.state == RungState::Fired).unwrap().key
}

/// What is due fires, and the ticket service takes it over.
fn climb(deadline: &mut Deadline, now: Timestamp) -> RungKey {
    let key = fire(deadline, now);
    deadline.settle(key, &accepted(None), now, &answering()).unwrap();
    key
}

#[test]
fn each_climbs_the_whole_ladder() {
    let mut deadline = waiting();
    assert_eq!(levels(&deadline.rungs, NEXT, RungState::Armed), [(1, 0), (1, 1), (1, 2)]);
    let key = climb(&mut deadline, after(0));
    assert_eq!((key.epoch, key.level), (1, 1));
    tell(&mut deadline, met(wait(1, 0), 2), 2);
    assert_eq!(levels(&deadline.rungs, NEXT, RungState::Armed), []);

    tell(&mut deadline, wait(2, 5), 5);
    assert_eq!(
        levels(&deadline.rungs, NEXT, RungState::Armed),
        [(2, 0), (2, 1), (2, 2)],
        "what acted was of another wait"
    );
    let key = climb(&mut deadline, after(5));
    assert_eq!((key.epoch, key.level), (2, 1));
    // Other terms for the same wait: nothing of it acts again.
    let moved = Clock { epoch: 3, due_time: Some(start() + hours(9)), ..wait(2, 5) };
    tell(&mut deadline, moved, 7);
    assert_eq!(levels(&deadline.rungs, NEXT, RungState::Armed), [(3, 2)]);
}

#[test]
fn each_is_counted_and_none_is_taken_back() {
    let mut deadline = waiting();
    let first = tell(&mut deadline, met(wait(1, 0), 2), 2).tallies;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].closing.outcome, first[0].closing.late, first[0].taken_back), (Outcome::Late, 5_400, false));
    assert_eq!(tell(&mut deadline, wait(2, 5), 5).tallies, [], "another promise, and the late one stays so");
    let second = tell(&mut deadline, met(wait(2, 5), 5), 6).tallies;
    assert_eq!((second.len(), second[0].closing.outcome, second[0].taken_back), (1, Outcome::Kept, false));
    // One that was never heard of while it ran.
    let third = tell(&mut deadline, met(wait(3, 8), 9), 9).tallies;
    assert_eq!((third.len(), third[0].closing.outcome, third[0].closing.used), (1, Outcome::Late, 3_600));
}

#[test]
fn a_hand_over_of_a_wait_that_is_over_holds_the_next_one_up_and_no_longer_than_to_its_answer() {
    let mut deadline = waiting();
    let key = fire(&mut deadline, after(0));
    tell(&mut deadline, met(wait(1, 0), 2), 2);
    tell(&mut deadline, wait(2, 2), 2);
    assert_eq!(deadline.fire(start() + hours(4), &answering()), [], "one hand-over at a time");
    deadline.settle(key, &Answer::Refused("EPOCH_STALE".into()), start() + hours(4), &answering()).unwrap();
    assert_eq!(climb(&mut deadline, start() + hours(4)).epoch, 2);
}

#[test]
fn the_same_level_acted_in_another_wait_does_not_void_the_answer_to_this_one() {
    let mut deadline = waiting();
    climb(&mut deadline, after(0));
    tell(&mut deadline, met(wait(1, 0), 2), 2);
    tell(&mut deadline, wait(2, 5), 5);
    let key = climb(&mut deadline, after(5));
    let rung = deadline.rungs.iter().find(|rung| rung.key == key).unwrap();
    assert_eq!((rung.state, rung.reason.as_deref()), (RungState::Acted, None));
}

/// Found by the simulation: of three waits, the second one's answer came while the third ran, and was taken for the first one's again.
#[test]
fn a_wait_whose_answer_comes_in_the_next_one_acted_whatever_did_before_it() {
    let mut deadline = waiting();
    climb(&mut deadline, after(0));
    tell(&mut deadline, met(wait(1, 0), 2), 2);
    tell(&mut deadline, wait(2, 5), 5);
    let key = fire(&mut deadline, after(5));
    tell(&mut deadline, met(wait(2, 5), 7), 7);
    tell(&mut deadline, wait(3, 8), 8);
    let rung = deadline.settle(key, &accepted(None), start() + hours(8), &answering()).unwrap();
    assert_eq!((rung.state, rung.reason.as_deref()), (RungState::Acted, None));
}

#[test]
fn a_resolution_that_begins_anew_is_confirmed_and_climbs_the_whole_ladder_again() {
    let (mut deadline, _) =
        Deadline::track(Uuid::nil(), answering_promise(vec![clock(RESOLUTION)], 1), start(), &answering());
    deadline.fire(start() + hours(18), &answering());
    let key = deadline.fire(start() + hours(24), &answering())[0].key;
    deadline.settle(key, &accepted(None), start() + hours(24), &answering()).unwrap();
    let tallies = tell(&mut deadline, met(clock(RESOLUTION), 30), 30).tallies;
    assert_eq!(tallies[0].closing.outcome, Outcome::Late);

    let anew = Clock {
        epoch: 2,
        start_epoch: 2,
        start_time: start() + hours(40),
        allowance: Allowance::RealTime(hours(6)),
        due_time: Some(start() + hours(46)),
        ..clock(RESOLUTION)
    };
    let told = tell(&mut deadline, anew.clone(), 40);
    assert_eq!((told.mismatches, told.tallies), (vec![], vec![]), "the first one was late, and stays so");
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(2, 0), (2, 1), (2, 2)]);
    let times: Vec<_> = deadline.rungs.iter().filter(|rung| rung.is_armed()).map(|rung| rung.fire_time).collect();
    assert_eq!(times[1], anew.due_time);
    // What the policy grants for a reopening is no term of a first resolution.
    let first = Clock { start_epoch: 1, epoch: 3, ..anew };
    assert_eq!(tell(&mut deadline, first, 41).mismatches, [Mismatch::Terms]);
}

/// A replica of the ticket service that is older than the clock tells neither it nor since when the others run: what is known stays.
#[test]
fn what_an_older_replica_does_not_tell_stays_as_it_was() {
    let untold = |revision| {
        let resolution = Clock { epoch: 2, start_epoch: 0, due_time: Some(start() + hours(30)), ..clock(RESOLUTION) };
        answering_promise(vec![resolution], revision)
    };
    let anew = Clock { epoch: 2, start_epoch: 2, due_time: Some(start() + hours(30)), ..clock(RESOLUTION) };
    let told = answering_promise(vec![wait(1, 0), anew.clone()], 1);
    let (mut deadline, _) = Deadline::track(Uuid::nil(), told, start(), &answering());
    climb(&mut deadline, after(0));
    deadline.revise(untold(2), start() + hours(1), &answering()).unwrap();
    assert_eq!(deadline.promise.clocks, [wait(1, 0), anew]);
    assert_eq!(levels(&deadline.rungs, NEXT, RungState::Armed), [(1, 2)]);

    let mut ended = untold(3);
    ended.clocks[0] = met(ended.clocks[0].clone(), 2);
    deadline.revise(ended, start() + hours(2), &answering()).unwrap();
    assert!(!deadline.is_tracked() && deadline.next_fire_time().is_none());

    let (fresh, _) = Deadline::track(Uuid::nil(), untold(1), start(), &answering());
    assert_eq!(fresh.promise.clocks[0].start_epoch, 1);
}
