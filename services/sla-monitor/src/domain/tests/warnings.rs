//! More warnings than one: each at its time, and never one before another that was given.

use super::*;

/// Of 24 hours: when a fifth is used, twelve hours before the end, and, as everybody's, when three quarters are used.
static WARNING: LazyLock<PolicySet> = LazyLock::new(|| {
    let mut document: toml::Table = PolicySet::builtin().to_toml().unwrap().parse().unwrap();
    let version = document["version"].as_integer().unwrap() + 2;
    document.insert("version".into(), version.into());
    for policy in document["policy"].as_array_mut().unwrap() {
        let list: toml::Table = "list = [{ offset = { real = \"12h\" } }, { percent = 20 }]".parse().unwrap();
        policy["resolution"].as_table_mut().unwrap().insert("warn_before".into(), list["list"].clone());
    }
    PolicySet::published(&document.to_string()).unwrap()
});

fn policies() -> Policies {
    Policies::new(Arc::new(Published::shipped().with([(WARNING.clone(), start())])))
}

fn told(clock: Clock, revision: i64) -> Promise {
    let (policy_version, policy_hash) = (WARNING.version().into(), WARNING.content_hash().to_string());
    Promise { policy_version, policy_hash, ..promise(vec![clock], revision) }
}

fn tracked() -> Deadline {
    Deadline::track(Uuid::nil(), told(clock(RESOLUTION), 1), start(), &policies()).0
}

fn armed(deadline: &Deadline) -> Vec<i16> {
    levels(&deadline.rungs, RESOLUTION, RungState::Armed).into_iter().map(|(_, level)| level).collect()
}

fn fired(deadline: &mut Deadline, after: SignedDuration) -> Vec<(i16, RungState)> {
    let moved = deadline.fire(start() + after, &policies());
    moved.iter().map(|rung| (rung.key.level, rung.state)).collect()
}

#[test]
fn each_is_given_at_its_time() {
    let mut deadline = tracked();
    assert_eq!(armed(&deadline), [-2, -1, 0, 1, 2]);
    assert_eq!(deadline.next_fire_time(), Some(start() + SignedDuration::from_mins(24 * 60 / 5)));
    assert_eq!(fired(&mut deadline, hours(5)), [(-2, RungState::Acted)]);
    assert_eq!(fired(&mut deadline, hours(12)), [(-1, RungState::Acted)]);
    assert_eq!(fired(&mut deadline, hours(17)), []);
    assert_eq!(fired(&mut deadline, hours(18)), [(0, RungState::Acted)]);
    assert_eq!(fired(&mut deadline, hours(24)), [(1, RungState::Fired)]);
}

#[test]
fn after_an_outage_one_is_given_for_all() {
    let superseded = RungState::Superseded;
    let mut deadline = tracked();
    assert_eq!(fired(&mut deadline, hours(13)), [(-2, superseded), (-1, RungState::Acted)]);
    let mut deadline = tracked();
    let all = [(-2, superseded), (-1, superseded), (0, superseded), (1, RungState::Fired)];
    assert_eq!(fired(&mut deadline, hours(25)), all);
}

#[test]
fn one_that_was_given_is_not_given_again_when_the_clock_runs_on_and_nor_is_one_before_it() {
    let mut deadline = tracked();
    assert_eq!(fired(&mut deadline, hours(13)).len(), 2);
    let paused = Clock { state: ClockState::Paused, due_time: None, ..clock(RESOLUTION) };
    deadline.revise(told(paused, 2), start() + hours(14), &policies()).unwrap();
    assert_eq!((armed(&deadline), deadline.next_fire_time()), (vec![0, 1, 2], None));
    let suspension = Suspension {
        start_time: start() + hours(14),
        end_time: Some(start() + hours(44)),
        reason: "awaiting_applicant".into(),
        actor: "staff/1".into(),
    };
    let runs = Clock { epoch: 2, due_time: Some(start() + hours(54)), ..clock(RESOLUTION) };
    let promise = Promise { suspensions: vec![suspension], ..told(runs, 3) };
    deadline.revise(promise, start() + hours(44), &policies()).unwrap();
    assert_eq!((armed(&deadline), deadline.mismatch), (vec![0, 1, 2], false));
    assert_eq!(deadline.next_fire_time(), Some(start() + hours(48)));
}
