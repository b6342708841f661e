//! Against a model of the ticket service, over random histories: updates late and out of order, answers late, calls that die and are requeued,
//! outages of either side.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const TOP: i16 = 2;

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
    /// Its applicant writes: unless they wait already, the next answer's clock begins anew.
    Write,
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
    let kind = prop::sample::select(vec![ClockKind::FirstAnswer, ClockKind::NextAnswer, ClockKind::Resolution]);
    let op = prop_oneof![
        6 => (1i64..1_500).prop_map(Op::Advance),
        2 => Just(Op::Pause),
        3 => (1i64..2_000).prop_map(Op::Resume),
        2 => kind.prop_map(Op::Meet),
        2 => Just(Op::Write),
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
    reached: BTreeMap<Begun, i16>,
    // Under way.
    updates: Vec<Promise>,
    calls: Vec<Rung>,
    answers: Vec<(RungKey, Answer)>,
    // What must never happen twice.
    moved: BTreeSet<RungKey>,
    released: BTreeMap<Begun, i16>,
    /// What the citizen was told to expect last, by clock and epoch.
    told: BTreeMap<(ClockKind, i64), Timestamp>,
}

/// A clock since it began, by the epoch in which it did.
type Begun = (ClockKind, i64);

impl World {
    fn new() -> Self {
        let policies = answering();
        World {
            now: start(),
            monitor: Deadline::track(Uuid::nil(), answering_promise(both(), 1), start(), &policies).0,
            policies,
            clocks: both(),
            revision: 1,
            reached: BTreeMap::new(),
            updates: Vec::new(),
            calls: Vec::new(),
            answers: Vec::new(),
            moved: BTreeSet::new(),
            released: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    fn change(&mut self, mut change: impl FnMut(&mut Clock)) {
        self.clocks.iter_mut().for_each(&mut change);
        self.revision += 1;
        self.updates.push(answering_promise(self.clocks.clone(), self.revision));
    }

    /// The next answer's clock never pauses: what pauses the others is an answer.
    fn pause(clock: &mut Clock, now: Timestamp) {
        if clock.state != ClockState::Running {
            return;
        }
        clock.due_time = None;
        if clock.kind == ClockKind::NextAnswer {
            (clock.state, clock.end_time) = (ClockState::Met, Some(now));
        } else {
            clock.state = ClockState::Paused;
        }
    }

    fn write(&mut self) {
        let known = self.clocks.iter().position(|clock| clock.kind == ClockKind::NextAnswer);
        let epoch = match known {
            Some(at) if !self.clocks[at].is_over() => return,
            Some(at) => self.clocks.remove(at).epoch + 1,
            None => 1,
        };
        let mut begun = clock(ClockKind::NextAnswer);
        (begun.epoch, begun.start_epoch, begun.start_time) = (epoch, epoch, self.now);
        begun.due_time = Some(self.now + SignedDuration::from_mins(30));
        self.clocks.insert(1, begun);
        self.change(|_| {});
    }

    fn run_on(clock: &mut Clock, due: Timestamp) {
        (clock.state, clock.due_time, clock.end_time) = (ClockState::Running, Some(due), None);
        clock.epoch += 1;
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        match *op {
            Op::Advance(minutes) => self.now += SignedDuration::from_mins(minutes),
            Op::Pause => self.change(|clock| Self::pause(clock, now)),
            Op::Write => self.write(),
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
                    // As policies may have it: every other time it begins anew.
                    if clock.epoch % 2 == 0 {
                        (clock.start_epoch, clock.start_time) = (clock.epoch, now);
                        clock.allowance = Allowance::RealTime(SignedDuration::from_mins(minutes));
                    }
                }
            }),
            Op::Hear(at) => {
                if let Some(update) = pick(&mut self.updates, at) {
                    self.monitor.revise(update, now, &self.policies);
                }
            }
            Op::Tick => self.tick(),
            Op::Handle(at) => {
                if let Some(call) = pick(&mut self.calls, at) {
                    let answer = self.handle(&call);
                    self.answers.push((call.key, answer));
                }
            }
            Op::Settle(at) => {
                if let Some((key, answer)) = pick(&mut self.answers, at) {
                    self.settle(key, &answer);
                }
            }
            Op::Die(at) => {
                if let Some(call) = pick(&mut self.calls, at) {
                    self.settle(call.key, &Answer::Dead);
                    self.calls.push(call);
                }
            }
        }
    }

    fn tick(&mut self) {
        let before = self.monitor.clone();
        for rung in self.monitor.fire(self.now, &self.policies) {
            let key = rung.key;
            assert!(self.moved.insert(key), "moved on twice: {key:?}");
            let clock = before.promise.clock(key.clock).unwrap();
            assert_eq!((clock.state, clock.epoch), (ClockState::Running, key.epoch), "{key:?}");
            assert!(rung.fire_time.unwrap() <= self.now, "early: {rung:?}");
            let acted = before.rungs.iter().filter(|it| it.state == RungState::Acted && it.is_of(clock));
            assert!(acted.map(|it| it.key.level).max().is_none_or(|acted| acted < key.level), "again: {key:?}");
            let later = before.rungs.iter().any(|it| {
                !it.is_armed() && (it.key.clock, it.key.epoch) == (key.clock, key.epoch) && it.key.level >= key.level
            });
            assert!(!later, "out of order: {key:?} in {before:?}");
            if rung.state == RungState::Fired {
                let under_way = |it: &Rung| it.state == RungState::Fired && it.key.clock == key.clock;
                assert!(!before.rungs.iter().any(under_way), "two at once: {key:?}");
                assert!(
                    rung.promise_time.is_some_and(|time| time > self.now),
                    "promises a time that has passed: {rung:?}"
                );
                let told = self.told.get(&(key.clock, key.epoch));
                assert!(told.is_none_or(|told| *told <= self.now), "before the time that was told: {rung:?}, {told:?}");
                self.calls.push(rung);
            }
        }
        assert!(self.monitor.next_fire_time().is_none_or(|next| next > self.now), "something due is left");
    }

    /// As the ticket service decides, under its appeal's lock.
    fn handle(&mut self, call: &Rung) -> Answer {
        let key = call.key;
        let clock = self.clocks.iter().find(|clock| clock.kind == key.clock).unwrap();
        if clock.is_over() {
            return Answer::Refused("APPEAL_CLOSED".into());
        } else if clock.state == ClockState::Paused {
            return Answer::Refused("CLOCK_NOT_RUNNING".into());
        } else if clock.epoch != key.epoch {
            return Answer::Refused("EPOCH_STALE".into());
        }
        let reached = self.reached.entry((key.clock, clock.start_epoch)).or_default();
        *reached = key.level.max(*reached);
        let given = call.promise_time.filter(|time| *time > self.now);
        let promised = given.or_else(|| self.policies.level_end(&self.monitor.promise, clock, key.level, self.now));
        accepted(promised.filter(|_| key.clock == RESOLUTION))
    }

    fn settle(&mut self, key: RungKey, answer: &Answer) {
        let settled = self.monitor.settle(key, answer, self.now, &self.policies);
        let void =
            settled.as_ref().filter(|rung| matches!(answer, Answer::Accepted { .. }) && rung.state != RungState::Acted);
        if let Some(void) = void {
            let before = self.released.get(&(key.clock, void.start_epoch));
            assert!(before.is_some_and(|level| *level >= key.level), "accepted, and {void:?}");
        }
        if let Some(begun) = settled.filter(|rung| rung.state == RungState::Acted).map(|rung| rung.start_epoch) {
            let begun = (key.clock, begun);
            // The citizen is told now: higher each time.
            let before = self.released.insert(begun, key.level);
            assert!(before.is_none_or(|before| before < key.level), "told of {key:?} after {before:?}");
            if let Answer::Accepted { expected_time: Some(time) } = answer {
                self.told.insert((key.clock, key.epoch), *time);
            }
        }
    }

    /// The reconciler has nothing to say against what no hand but ours has written.
    fn fits(&self) {
        let stored = self.monitor.next_fire_time();
        let found: Vec<_> = self.monitor.drifts(stored, Timestamp::MIN, &self.policies).collect();
        assert_eq!(found, [], "{:?}", self.monitor);
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
            world.fits();
        }
        let mut mended = world.monitor.clone();
        prop_assert!(!mended.mend(world.monitor.next_fire_time(), world.now, &world.policies));
        prop_assert_eq!(&mended, &world.monitor, "nothing to mend");
        // A level that is late has its whole term; so each has its own turn, under way as it may be already.
        for _ in 0..=TOP {
            world.now += hours(24 * 365);
            world.quiet();
        }
        for clock in world.clocks.clone() {
            prop_assert_eq!(world.monitor.promise.clock(clock.kind), Some(&clock));
            let under_way = levels(&world.monitor.rungs, clock.kind, RungState::Fired);
            prop_assert!(under_way.is_empty());
            if clock.state == ClockState::Running {
                let begun = (clock.kind, clock.start_epoch);
                prop_assert_eq!(world.reached.get(&begun), Some(&TOP), "{:?}", world.monitor);
                prop_assert_eq!(world.released.get(&begun), Some(&TOP));
            } else {
                let waits = |rung: &&Rung| rung.is_armed() && rung.key.clock == clock.kind;
                prop_assert!(world.monitor.rungs.iter().filter(waits).all(|rung| rung.fire_time.is_none()));
            }
        }
    }
}
