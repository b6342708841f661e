//! The rules of rungs: by example, by outages, and over random histories.

mod acknowledgements;
mod effects;
mod figures;
mod histories;
mod notices;
mod outages;
mod remaining;
mod waits;
mod warnings;

use std::sync::{Arc, LazyLock};

use ::deadline::{Allowance, ClockKind, PolicySet, Published};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;

fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A promise of the policy whose both clocks count all time: 30 minutes and 24 hours, ladders of two levels.
fn promise(clocks: Vec<Clock>, revision: i64) -> Promise {
    Promise {
        number: "26-KM4T-X".into(),
        revision,
        policy: "suspicious_activity".into(),
        policy_version: PolicySet::builtin().version().into(),
        policy_hash: PolicySet::builtin().content_hash().to_string(),
        category: "suspicious_activity".into(),
        priority: "emergency".into(),
        channel: "web_form".into(),
        group: Some("security".into()),
        region: None,
        zone: None,
        clocks,
        suspensions: Vec::new(),
        acknowledgement: None,
    }
}

fn clock(kind: ClockKind) -> Clock {
    let plan = ANSWERING.policy("suspicious_activity").unwrap().plan(kind).unwrap();
    let Allowance::RealTime(allowance) = plan.allowance else { panic!("the policy counts real time") };
    Clock {
        kind,
        state: ClockState::Running,
        epoch: 1,
        start_time: start(),
        start_epoch: 1,
        due_time: Some(start() + allowance),
        allowance: plan.allowance,
        calendar: plan.calendar.clone(),
        calendar_version: 1,
        end_time: None,
        extensions: Vec::new(),
    }
}

/// The set after the shipped one: every answer is promised as the first one is, and what is opened again has six hours.
static ANSWERING: LazyLock<PolicySet> = LazyLock::new(|| {
    let mut document: toml::Table = PolicySet::builtin().to_toml().unwrap().parse().unwrap();
    let version = document["version"].as_integer().unwrap() + 1;
    document.insert("version".into(), version.into());
    for policy in document["policy"].as_array_mut().unwrap() {
        let first = policy["first_answer"].clone();
        let policy = policy.as_table_mut().unwrap();
        policy.insert("next_answer".into(), first);
        policy.insert("reopen".into(), "grant = { real = \"6h\" }".parse::<toml::Table>().unwrap().into());
    }
    PolicySet::published(&document.to_string()).unwrap()
});

/// What is compiled in, and that set.
fn answering() -> Policies {
    Policies::new(Arc::new(Published::shipped().with([(ANSWERING.clone(), start())])))
}

/// A promise under that set.
fn answering_promise(clocks: Vec<Clock>, revision: i64) -> Promise {
    let (policy_version, policy_hash) = (ANSWERING.version().into(), ANSWERING.content_hash().to_string());
    Promise { policy_version, policy_hash, ..promise(clocks, revision) }
}

fn both() -> Vec<Clock> {
    ClockKind::FROM_FILING.map(clock).to_vec()
}

fn tracked() -> Deadline {
    let (deadline, told) = Deadline::track(Uuid::nil(), promise(both(), 1), start(), &Policies::builtin());
    assert_eq!(told, Told::default());
    deadline
}

/// The ticket service took it over, and told this time if any.
fn accepted(expected_time: Option<Timestamp>) -> Answer {
    Answer::Accepted { expected_time }
}

fn levels(rungs: &[Rung], clock: ClockKind, state: RungState) -> Vec<(i64, i16)> {
    let of = |rung: &&Rung| rung.key.clock == clock && rung.state == state;
    rungs.iter().filter(of).map(|rung| (rung.key.epoch, rung.key.level)).collect()
}

const RESOLUTION: ClockKind = ClockKind::Resolution;

#[test]
fn a_ladder_is_armed_from_the_promise() {
    let deadline = tracked();
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(1, 0), (1, 1), (1, 2)]);
    let times: Vec<_> = deadline.rungs.iter().filter(|it| it.key.clock == RESOLUTION).map(|it| it.fire_time).collect();
    assert_eq!(times, [start() + hours(18), start() + hours(24), start() + hours(32)].map(Some));
    assert_eq!(deadline.next_fire_time(), Some(start() + SignedDuration::from_mins(15)));
}

#[test]
fn after_an_outage_the_highest_level_acts_and_the_others_are_superseded() {
    let mut deadline = tracked();
    let moved = deadline.fire(start() + hours(40), &Policies::builtin());
    let of = |state| levels(&moved, RESOLUTION, state);
    assert_eq!((of(RungState::Superseded), of(RungState::Fired)), (vec![(1, 0), (1, 1)], vec![(1, 2)]));
    assert_eq!(deadline.fire(start() + hours(400), &Policies::builtin()), [], "one at a time");
}

#[test]
fn the_warning_acts_by_itself_and_the_next_level_waits_for_the_one_before() {
    let mut deadline = tracked();
    let policies = Policies::builtin();
    deadline.promise.clocks.retain(|clock| clock.kind == RESOLUTION);
    assert_eq!(levels(&deadline.fire(start() + hours(18), &policies), RESOLUTION, RungState::Acted), [(1, 0)]);
    assert_eq!(deadline.fire(start() + hours(23), &policies), []);
    let fired = deadline.fire(start() + hours(24), &policies);
    assert_eq!(levels(&fired, RESOLUTION, RungState::Fired), [(1, 1)]);
    assert_eq!(fired[0].promise_time, Some(start() + hours(32)));
    assert_eq!(deadline.next_fire_time(), None, "while it is under way");
    deadline.settle(fired[0].key, &accepted(fired[0].promise_time), start() + hours(24), &policies).unwrap();
    assert_eq!(deadline.next_fire_time(), fired[0].promise_time);
    assert!(deadline.settle(fired[0].key, &accepted(None), start() + hours(25), &policies).is_none(), "once");
}

/// By eight hours, granted after the warning: it nears its end a second time, and is warned about again. A pause is no new end.
#[test]
fn an_extended_term_is_confirmed_and_warned_about_again() {
    let policies = Policies::builtin();
    let (mut deadline, _) =
        Deadline::track(Uuid::nil(), promise(vec![clock(RESOLUTION)], 1), start(), &Policies::builtin());
    deadline.fire(start() + hours(18), &policies);
    let mut moved = clock(RESOLUTION);
    (moved.epoch, moved.due_time) = (2, Some(start() + hours(24)));
    deadline.revise(promise(vec![moved.clone()], 2), start() + hours(19), &policies).unwrap();
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(2, 1), (2, 2)], "warned once of one end");

    (moved.epoch, moved.due_time) = (3, Some(start() + hours(32)));
    let length = Allowance::RealTime(hours(8));
    moved.extensions = vec![Extension { reason: Some(::deadline::ExtensionReason::FurtherAnalysis), length }];
    let mismatches =
        deadline.revise(promise(vec![moved.clone()], 3), start() + hours(20), &policies).unwrap().mismatches;
    assert_eq!(mismatches, []);
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(3, 0), (3, 1), (3, 2)]);
    assert_eq!(deadline.next_fire_time(), Some(start() + hours(24)), "three quarters of 32 hours");
    assert_eq!(levels(&deadline.fire(start() + hours(24), &policies), RESOLUTION, RungState::Acted), [(3, 0)]);
    // Without it the promise would not be ours.
    moved.extensions.clear();
    let mismatches = deadline.revise(promise(vec![moved], 4), start() + hours(25), &policies).unwrap().mismatches;
    assert_eq!(mismatches, [Mismatch::DueTime]);
}

/// The extension was there when it was warned about: a later end for another reason, here a reopening, is none that was granted.
#[test]
fn a_warning_of_an_extended_term_is_not_repeated_for_a_pause_or_a_reopening() {
    let policies = Policies::builtin();
    let length = Allowance::RealTime(hours(8));
    let extension = Extension { reason: Some(::deadline::ExtensionReason::FurtherAnalysis), length };
    let mut term = clock(RESOLUTION);
    (term.due_time, term.extensions) = (Some(start() + hours(32)), vec![extension]);
    let (mut deadline, _) = Deadline::track(Uuid::nil(), promise(vec![term.clone()], 1), start(), &policies);
    assert_eq!(levels(&deadline.fire(start() + hours(24), &policies), RESOLUTION, RungState::Acted), [(1, 0)]);

    let mut over = term.clone();
    (over.state, over.due_time, over.end_time) = (ClockState::Met, None, Some(start() + hours(25)));
    deadline.revise(promise(vec![over], 2), start() + hours(25), &policies).unwrap();
    (term.epoch, term.due_time) = (2, Some(start() + hours(47)));
    let resolved = Suspension {
        start_time: start() + hours(20),
        end_time: Some(start() + hours(35)),
        reason: "resolved".into(),
        actor: "staff/anna".into(),
    };
    let reopened = |term: &Clock, revision| Promise {
        suspensions: vec![resolved.clone()],
        ..promise(vec![term.clone()], revision)
    };
    deadline.revise(reopened(&term, 3), start() + hours(35), &policies).unwrap();
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(2, 1), (2, 2)]);

    (term.epoch, term.due_time) = (3, Some(start() + hours(55)));
    term.extensions.push(extension);
    deadline.revise(reopened(&term, 4), start() + hours(36), &policies).unwrap();
    assert_eq!(levels(&deadline.rungs, RESOLUTION, RungState::Armed), [(3, 0), (3, 1), (3, 2)], "this one is");
}

/// The owner of the state was ahead of us twice: both orders in which we hear of it end alike.
#[test]
fn a_refused_level_is_armed_again_by_the_newer_epoch_whichever_is_heard_of_first() {
    let policies = Policies::builtin();
    let later = || {
        let mut moved = clock(RESOLUTION);
        (moved.epoch, moved.due_time) = (2, Some(start() + hours(50)));
        promise(vec![moved], 2)
    };
    let refused = Answer::Refused("EPOCH_STALE".into());
    let mut fired = tracked();
    let key = fired
        .fire(start() + hours(24), &policies)
        .into_iter()
        .find(|it| it.state == RungState::Fired && it.key.clock == RESOLUTION)
        .unwrap()
        .key;

    let mut update_first = fired.clone();
    update_first.revise(later(), start() + hours(24), &policies).unwrap();
    assert_eq!(levels(&update_first.rungs, RESOLUTION, RungState::Armed), [(2, 2)], "level 1 is under way");
    assert_eq!(update_first.next_fire_time(), None);
    update_first.settle(key, &refused, start() + hours(24), &policies).unwrap();

    let mut answer_first = fired;
    answer_first.settle(key, &refused, start() + hours(24), &policies).unwrap();
    assert_eq!(levels(&answer_first.rungs, RESOLUTION, RungState::Armed), [(1, 2)]);
    answer_first.revise(later(), start() + hours(24), &policies).unwrap();

    assert_eq!(update_first, answer_first);
    assert_eq!(levels(&update_first.rungs, RESOLUTION, RungState::Armed), [(2, 0), (2, 1), (2, 2)]);
    assert_eq!(levels(&update_first.rungs, RESOLUTION, RungState::Suppressed), [(1, 1)]);
}

#[test]
fn a_lower_or_equal_revision_changes_nothing_and_a_tombstone_is_revived_by_a_higher_one() {
    let policies = Policies::builtin();
    let mut over = both();
    for clock in &mut over {
        (clock.state, clock.due_time, clock.end_time) = (ClockState::Met, None, Some(start()));
    }
    let (mut deadline, _) = Deadline::track(Uuid::nil(), promise(over, 5), start(), &policies);
    assert!(!deadline.is_tracked() && deadline.rungs.is_empty() && deadline.next_fire_time().is_none());
    let tombstone = deadline.clone();
    for late in [1, 5] {
        assert!(deadline.revise(promise(both(), late), start() + hours(1), &policies).is_none());
        assert_eq!(deadline, tombstone);
    }
    deadline.revise(promise(both(), 6), start() + hours(1), &policies).unwrap();
    assert!(deadline.is_tracked() && deadline.next_fire_time().is_some());
}

#[test]
fn a_promise_that_our_arithmetic_does_not_confirm_is_kept_and_watched() {
    let policies = Policies::builtin();
    let odd = |change: fn(&mut Promise)| {
        let mut promise = promise(vec![clock(RESOLUTION)], 1);
        change(&mut promise);
        let (deadline, Told { mismatches, .. }) = Deadline::track(Uuid::nil(), promise.clone(), start(), &policies);
        assert_eq!(deadline.promise, promise);
        assert_eq!(deadline.mismatch, !mismatches.is_empty());
        let due = promise.clocks[0].due_time;
        assert!(deadline.rungs.iter().any(|rung| rung.key.level == 1 && rung.fire_time == due), "{deadline:?}");
        mismatches
    };
    assert_eq!(odd(|_| {}), []);
    assert_eq!(odd(|it| it.clocks[0].due_time = Some(start() + hours(25))), [Mismatch::DueTime]);
    assert_eq!(odd(|it| it.clocks[0].allowance = Allowance::WorkingDays(1)), [Mismatch::Terms]);
    assert_eq!(odd(|it| it.policy_hash = "0".repeat(64)), [Mismatch::PolicyUnknown]);
    assert_eq!(odd(|it| it.policy_version = 9), [Mismatch::PolicyUnknown]);
    assert_eq!(odd(|it| it.policy = "of_tomorrow".into()), [Mismatch::PolicyUnknown]);
    // Past the last published holiday the warning has no instant. The breach has.
    let beyond = |it: &mut Promise| {
        it.policy = "standard".into();
        (it.clocks[0].calendar, it.clocks[0].calendar_version) = ("working_days".into(), 2);
        it.clocks[0].allowance = Allowance::WorkingDays(5);
        it.clocks[0].start_time = "2028-02-01T09:00:00Z".parse().unwrap();
        it.clocks[0].due_time = Some("2028-02-08T15:00:00Z".parse().unwrap());
    };
    assert_eq!(odd(beyond), [Mismatch::NotComputable]);
}
