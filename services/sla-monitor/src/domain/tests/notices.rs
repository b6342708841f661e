//! What follows from what became of a repeat notice: a day for the resolution, then 8 h for each level.

use proptest::prelude::*;

use super::*;

/// Level 1 acted at hour 24, and has it until hour 32.
fn acted() -> (Deadline, RungKey) {
    let policies = Policies::builtin();
    let (mut deadline, _) = Deadline::track(Uuid::nil(), promise(vec![clock(RESOLUTION)], 1), start(), &policies);
    let moved = deadline.fire(start() + hours(24), &policies);
    let key = moved.iter().find(|rung| rung.state == RungState::Fired).unwrap().key;
    deadline.settle(key, &accepted(Some(start() + hours(32))), start() + hours(24), &policies).unwrap();
    (deadline, key)
}

fn note(deadline: &mut Deadline, key: RungKey, notice: &str, hour: i64) -> bool {
    deadline.note(key, notice, start() + hours(hour), &Policies::builtin()).is_some()
}

fn next(deadline: &Deadline) -> (Option<Timestamp>, Option<Timestamp>, Option<&str>) {
    let rung = deadline.rungs.iter().find(|rung| rung.is_armed()).unwrap();
    assert_eq!(rung.key.level, 2);
    (rung.fire_time, rung.promise_time, rung.reason.as_deref())
}

fn at(hour: i64) -> Option<Timestamp> {
    Some(start() + hours(hour))
}

#[test]
fn whoever_was_not_told_that_we_are_late_is_helped_by_the_next_level_at_once() {
    for unheard in ["FAILED", "EXPIRED", "CALL_DEAD"] {
        let (mut deadline, key) = acted();
        assert_eq!(next(&deadline), (at(32), at(40), None));
        assert!(note(&mut deadline, key, unheard, 26));
        assert_eq!(next(&deadline), (at(26), at(40), Some("NOTICE_UNHEARD")), "with all of its own term");
        assert_eq!(deadline.next_fire_time(), at(26));

        let policies = Policies::builtin();
        let fired = deadline.fire(start() + hours(26), &policies).remove(0);
        assert_eq!((fired.key.level, fired.reason.as_deref()), (2, Some("NOTICE_UNHEARD")));
        let told = accepted(fired.promise_time);
        let settled = deadline.settle(fired.key, &told, start() + hours(26), &policies).unwrap();
        assert_eq!(settled.reason.as_deref(), Some("NOTICE_UNHEARD"), "why it acted before its time stays known");
        // The last level has nobody above it.
        assert!(note(&mut deadline, fired.key, unheard, 27));
        assert_eq!(deadline.next_fire_time(), None);
    }
}

#[test]
fn no_two_levels_act_at_one_moment_or_the_notice_of_the_second_would_be_taken_for_the_firsts() {
    let (mut deadline, key) = acted();
    assert!(note(&mut deadline, key, "FAILED", 24));
    let fired = deadline.fire(start() + hours(24), &Policies::builtin()).remove(0);
    assert_eq!(fired.key.level, 2);
    assert_eq!(fired.act_time, Some(start() + hours(24) + SignedDuration::from_micros(1)));
    assert_eq!((fired.fire_time, fired.promise_time), (at(24), at(40)));
}

#[test]
fn what_was_told_or_is_under_way_or_needs_no_telling_raises_nobody() {
    for heard in ["QUEUED", "SENT", "DROPPED", "DELIVERED"] {
        let (mut deadline, key) = acted();
        assert!(note(&mut deadline, key, heard, 26));
        assert_eq!(next(&deadline), (at(32), at(40), None), "{heard}");
    }
}

#[test]
fn a_delivery_that_was_thought_to_have_failed_takes_the_haste_back() {
    let (mut deadline, key) = acted();
    assert!(note(&mut deadline, key, "FAILED", 26));
    assert!(note(&mut deadline, key, "DELIVERED", 27));
    assert_eq!(next(&deadline), (at(32), at(40), None));
    assert!(!note(&mut deadline, key, "FAILED", 28), "it does not go back");
    assert_eq!(next(&deadline), (at(32), at(40), None));
}

#[test]
fn what_is_heard_after_the_next_levels_time_does_not_move_it() {
    let (mut deadline, key) = acted();
    assert!(note(&mut deadline, key, "FAILED", 33));
    assert_eq!(next(&deadline), (at(32), at(40), None), "it is due anyway");
}

/// After a pause the citizen has been written to since, and answered.
#[test]
fn a_pause_ends_the_haste() {
    let (mut deadline, key) = acted();
    assert!(note(&mut deadline, key, "FAILED", 26));
    let policies = Policies::builtin();
    let mut paused = clock(RESOLUTION);
    (paused.state, paused.due_time, paused.epoch) = (ClockState::Paused, None, 2);
    let mut asked = promise(vec![paused], 2);
    let suspension = |end| Suspension {
        start_time: start() + hours(26),
        end_time: end,
        reason: "awaiting_applicant".into(),
        actor: "staff/anna".into(),
    };
    asked.suspensions = vec![suspension(None)];
    deadline.revise(asked, start() + hours(26), &policies).unwrap();
    assert_eq!((next(&deadline), deadline.next_fire_time()), ((None, None, None), None));

    let mut running = clock(RESOLUTION);
    running.epoch = 3;
    let mut answered = promise(vec![running], 3);
    answered.suspensions = vec![suspension(at(36))];
    deadline.revise(answered, start() + hours(36), &policies).unwrap();
    assert_eq!(next(&deadline), (at(42), at(50), None));
}

proptest! {
    /// Whatever is told, in whatever order: it ends as if only the highest had been told, and the next level is due early exactly where that
    /// reached nobody.
    #[test]
    fn outcomes_come_in_any_order(told in prop::collection::vec(0..NOTICES.len(), 1..8)) {
        let (mut deadline, key) = acted();
        let mut last: Option<(usize, i64)> = None;
        for (hour, at) in (25..).zip(&told) {
            let is_news = last.is_none_or(|(highest, _)| *at > highest);
            prop_assert_eq!(note(&mut deadline, key, NOTICES[*at], hour), is_news);
            if is_news {
                last = Some((*at, hour));
            }
        }
        let (highest, hour) = last.unwrap();
        let mut once = acted().0;
        note(&mut once, key, NOTICES[highest], hour);
        prop_assert_eq!(next(&deadline), next(&once));
        let is_early = next(&deadline).0 < at(32);
        prop_assert_eq!(is_early, ["CALL_DEAD", "EXPIRED", "FAILED"].contains(&NOTICES[highest]) && hour < 32);
    }
}
