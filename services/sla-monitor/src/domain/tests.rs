//! The rules of rungs against a model of the ticket service, over random histories: updates late and out of order, answers late, calls that die and
//! are requeued, outages of either side.

use std::collections::{BTreeMap, BTreeSet};

use ::deadline::{Allowance, ClockKind, PolicySet};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const TOP: u8 = 2;

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
        clocks,
        suspensions: Vec::new(),
    }
}

fn clock(kind: ClockKind) -> Clock {
    let plan = PolicySet::builtin().policy("suspicious_activity").unwrap().plan(kind);
    let Allowance::RealTime(allowance) = plan.allowance else { panic!("the policy counts real time") };
    Clock {
        kind,
        state: ClockState::Running,
        epoch: 1,
        start_time: start(),
        due_time: Some(start() + allowance),
        allowance: plan.allowance,
        calendar: plan.calendar.clone(),
        calendar_version: 1,
        end_time: None,
    }
}

fn both() -> Vec<Clock> {
    ClockKind::ALL.map(clock).to_vec()
}

fn tracked() -> Deadline {
    let (deadline, mismatches) = Deadline::track(Uuid::nil(), promise(both(), 1), start(), &Policies::builtin());
    assert_eq!(mismatches, []);
    deadline
}

fn levels(rungs: &[Rung], clock: ClockKind, state: RungState) -> Vec<(i64, u8)> {
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
    let moved = deadline.fire(start() + hours(40));
    let of = |state| levels(&moved, RESOLUTION, state);
    assert_eq!((of(RungState::Superseded), of(RungState::Fired)), (vec![(1, 0), (1, 1)], vec![(1, 2)]));
    assert_eq!(deadline.fire(start() + hours(400)), [], "one at a time");
}

#[test]
fn the_warning_acts_by_itself_and_the_next_level_waits_for_the_one_before() {
    let mut deadline = tracked();
    let policies = Policies::builtin();
    deadline.promise.clocks.retain(|clock| clock.kind == RESOLUTION);
    assert_eq!(levels(&deadline.fire(start() + hours(18)), RESOLUTION, RungState::Acted), [(1, 0)]);
    assert_eq!(deadline.fire(start() + hours(23)), []);
    let fired = deadline.fire(start() + hours(24));
    assert_eq!(levels(&fired, RESOLUTION, RungState::Fired), [(1, 1)]);
    assert_eq!(fired[0].promise_time, Some(start() + hours(32)));
    assert_eq!(deadline.next_fire_time(), None, "while it is under way");
    deadline.settle(fired[0].key, &Answer::Accepted, start() + hours(24), &policies).unwrap();
    assert_eq!(deadline.next_fire_time(), fired[0].promise_time);
    assert!(deadline.settle(fired[0].key, &Answer::Accepted, start() + hours(25), &policies).is_none(), "once");
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
        .fire(start() + hours(24))
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
        let (deadline, mismatches) = Deadline::track(Uuid::nil(), promise.clone(), start(), &policies);
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
    assert_eq!(odd(|it| it.policy_version = 2), [Mismatch::PolicyUnknown]);
    assert_eq!(odd(|it| it.policy = "of_tomorrow".into()), [Mismatch::PolicyUnknown]);
    // Past the last published holiday the warning has no instant. The breach has.
    let beyond = |it: &mut Promise| {
        (it.policy, it.clocks[0].calendar) = ("standard".into(), "working_days".into());
        it.clocks[0].allowance = Allowance::WorkingDays(5);
        it.clocks[0].start_time = "2028-02-01T09:00:00Z".parse().unwrap();
        it.clocks[0].due_time = Some("2028-02-08T15:00:00Z".parse().unwrap());
    };
    assert_eq!(odd(beyond), [Mismatch::NotComputable]);
}

// === random histories ===

#[derive(Clone, Debug)]
enum Op {
    /// Minutes pass.
    Advance(i64),
    /// The ticket service pauses both clocks, or resumes them with more time.
    Pause,
    Resume(i64),
    /// It does what was promised.
    Meet(ClockKind),
    /// It opens the resolution again.
    Reopen(i64),
    /// One of its updates arrives.
    Hear(usize),
    Tick,
    /// One of our calls arrives there.
    Handle(usize),
    /// One of its answers is recorded here.
    Settle(usize),
    /// A call dies, and an operator requeues it.
    Die(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let kind = prop_oneof![Just(ClockKind::FirstAnswer), Just(ClockKind::Resolution)];
    let op = prop_oneof![
        6 => (1i64..1_500).prop_map(Op::Advance),
        2 => Just(Op::Pause),
        3 => (1i64..2_000).prop_map(Op::Resume),
        1 => kind.prop_map(Op::Meet),
        2 => (1i64..2_000).prop_map(Op::Reopen),
        5 => (0usize..8).prop_map(Op::Hear),
        8 => Just(Op::Tick),
        5 => (0usize..8).prop_map(Op::Handle),
        5 => (0usize..8).prop_map(Op::Settle),
        1 => (0usize..8).prop_map(Op::Die),
    ];
    proptest::collection::vec(op, 1..80)
}

struct World {
    now: Timestamp,
    policies: Policies,
    monitor: Deadline,
    // The ticket service's truth.
    clocks: Vec<Clock>,
    revision: i64,
    reached: BTreeMap<ClockKind, u8>,
    // Under way.
    updates: Vec<Promise>,
    calls: Vec<RungKey>,
    answers: Vec<(RungKey, Answer)>,
    // What must never happen twice.
    moved: BTreeSet<RungKey>,
    released: BTreeMap<ClockKind, u8>,
}

impl World {
    fn new() -> Self {
        World {
            now: start(),
            policies: Policies::builtin(),
            monitor: tracked(),
            clocks: both(),
            revision: 1,
            reached: BTreeMap::new(),
            updates: Vec::new(),
            calls: Vec::new(),
            answers: Vec::new(),
            moved: BTreeSet::new(),
            released: BTreeMap::new(),
        }
    }

    fn change(&mut self, mut change: impl FnMut(&mut Clock)) {
        self.clocks.iter_mut().for_each(&mut change);
        self.revision += 1;
        self.updates.push(promise(self.clocks.clone(), self.revision));
    }

    fn run_on(clock: &mut Clock, due: Timestamp) {
        (clock.state, clock.due_time, clock.end_time) = (ClockState::Running, Some(due), None);
        clock.epoch += 1;
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        match *op {
            Op::Advance(minutes) => self.now += SignedDuration::from_mins(minutes),
            Op::Pause => self.change(|clock| {
                if clock.state == ClockState::Running {
                    (clock.state, clock.due_time) = (ClockState::Paused, None);
                }
            }),
            Op::Resume(minutes) => self.change(|clock| {
                if clock.state == ClockState::Paused {
                    Self::run_on(clock, now + SignedDuration::from_mins(minutes));
                }
            }),
            Op::Meet(kind) => self.change(|clock| {
                if clock.kind == kind && !clock.is_over() {
                    (clock.state, clock.due_time, clock.end_time) = (ClockState::Met, None, Some(now));
                }
            }),
            Op::Reopen(minutes) => self.change(|clock| {
                if clock.kind == RESOLUTION && clock.state == ClockState::Met {
                    Self::run_on(clock, now + SignedDuration::from_mins(minutes));
                }
            }),
            Op::Hear(at) => {
                if let Some(update) = pick(&mut self.updates, at) {
                    self.monitor.revise(update, now, &self.policies);
                }
            }
            Op::Tick => self.tick(),
            Op::Handle(at) => {
                if let Some(key) = pick(&mut self.calls, at) {
                    let answer = self.handle(key);
                    self.answers.push((key, answer));
                }
            }
            Op::Settle(at) => {
                if let Some((key, answer)) = pick(&mut self.answers, at) {
                    self.settle(key, &answer);
                }
            }
            Op::Die(at) => {
                if let Some(key) = pick(&mut self.calls, at) {
                    self.settle(key, &Answer::Dead);
                    self.calls.push(key);
                }
            }
        }
    }

    fn tick(&mut self) {
        let before = self.monitor.clone();
        for rung in self.monitor.fire(self.now) {
            let key = rung.key;
            assert!(self.moved.insert(key), "moved on twice: {key:?}");
            let clock = before.promise.clock(key.clock).unwrap();
            assert_eq!((clock.state, clock.epoch), (ClockState::Running, key.epoch), "{key:?}");
            assert!(rung.fire_time.unwrap() <= self.now, "early: {rung:?}");
            let acted = before.rungs.iter().filter(|it| it.state == RungState::Acted && it.key.clock == key.clock);
            assert!(acted.map(|it| it.key.level).max().is_none_or(|acted| acted < key.level), "again: {key:?}");
            let later = before.rungs.iter().any(|it| {
                !it.is_armed() && (it.key.clock, it.key.epoch) == (key.clock, key.epoch) && it.key.level >= key.level
            });
            assert!(!later, "out of order: {key:?} in {before:?}");
            if rung.state == RungState::Fired {
                let under_way = |it: &Rung| it.state == RungState::Fired && it.key.clock == key.clock;
                assert!(!before.rungs.iter().any(under_way), "two at once: {key:?}");
                self.calls.push(key);
            }
        }
        assert!(self.monitor.next_fire_time().is_none_or(|next| next > self.now), "something due is left");
    }

    /// As the ticket service decides, under its appeal's lock.
    fn handle(&mut self, key: RungKey) -> Answer {
        let clock = self.clocks.iter().find(|clock| clock.kind == key.clock).unwrap();
        if clock.is_over() {
            return Answer::Refused("APPEAL_CLOSED".into());
        } else if clock.state == ClockState::Paused {
            return Answer::Refused("CLOCK_NOT_RUNNING".into());
        } else if clock.epoch != key.epoch {
            return Answer::Refused("EPOCH_STALE".into());
        }
        let reached = self.reached.entry(key.clock).or_default();
        *reached = key.level.max(*reached);
        Answer::Accepted
    }

    fn settle(&mut self, key: RungKey, answer: &Answer) {
        let settled = self.monitor.settle(key, answer, self.now, &self.policies);
        if settled.is_some_and(|rung| rung.state == RungState::Acted) {
            // The citizen is told now: higher each time.
            let before = self.released.insert(key.clock, key.level);
            assert!(before.is_none_or(|before| before < key.level), "told of {key:?} after {before:?}");
        }
    }

    /// Everything under way arrives, until nothing is.
    fn quiet(&mut self) {
        loop {
            while !self.updates.is_empty() {
                self.apply(&Op::Hear(0));
            }
            self.tick();
            if self.calls.is_empty() && self.answers.is_empty() {
                return;
            }
            while !self.calls.is_empty() {
                self.apply(&Op::Handle(0));
            }
            while !self.answers.is_empty() {
                self.apply(&Op::Settle(0));
            }
        }
    }
}

fn pick<T>(from: &mut Vec<T>, at: usize) -> Option<T> {
    if from.is_empty() { None } else { Some(from.remove(at % from.len())) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Safety at every step (see `World::tick` and `World::settle`); and in the end nothing is lost: an overdue running clock is handed up to the
    /// top, one that does not run is left in peace.
    #[test]
    fn each_rung_fires_at_most_once_and_none_is_lost(ops in ops()) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op);
        }
        world.now += hours(24 * 365);
        world.quiet();
        for clock in world.clocks.clone() {
            prop_assert_eq!(world.monitor.promise.clock(clock.kind), Some(&clock));
            let under_way = levels(&world.monitor.rungs, clock.kind, RungState::Fired);
            prop_assert!(under_way.is_empty());
            if clock.state == ClockState::Running {
                prop_assert_eq!(world.reached.get(&clock.kind), Some(&TOP), "{:?}", world.monitor);
                prop_assert_eq!(world.released.get(&clock.kind), Some(&TOP));
            } else {
                let waits = |rung: &&Rung| rung.is_armed() && rung.key.clock == clock.kind;
                prop_assert!(world.monitor.rungs.iter().filter(waits).all(|rung| rung.fire_time.is_none()));
            }
        }
    }
}
