//! Who has seen that it was handed to them keeps it: a day for the resolution, then 8 h for each level, acknowledged within 2 h where the policy asks.

use std::sync::Arc;

use ::deadline::Published;

use super::*;

/// The shipped sets, and one whose first level of each ladder is to be acknowledged within 2 hours.
fn demanding() -> (Policies, PolicySet) {
    let mut document: toml::Table = PolicySet::builtin().to_toml().unwrap().parse().unwrap();
    let version = document["version"].as_integer().unwrap() + 1;
    document.insert("version".into(), version.into());
    for policy in document["policy"].as_array_mut().unwrap() {
        for plan in ["first_answer", "resolution"] {
            let within = toml::Table::from_iter([("real".to_owned(), "2h".into())]);
            policy[plan]["ladder"][0].as_table_mut().unwrap().insert("acknowledge_within".into(), within.into());
        }
    }
    let set = PolicySet::published(&document.to_string()).unwrap();
    let published = Published::shipped().with([(set.clone(), start())]);
    (Policies::new(Arc::new(published)), set)
}

struct Watched {
    policies: Policies,
    deadline: Deadline,
    set: PolicySet,
    key: RungKey,
}

impl Watched {
    /// Level 1 fired at hour 24 and was accepted at that hour; it has it for 8 hours.
    fn accepted_at(hour: i64, (policies, set): (Policies, PolicySet)) -> Self {
        let mut given = promise(vec![clock(RESOLUTION)], 1);
        (given.policy_version, given.policy_hash) = (set.version().into(), set.content_hash().to_string());
        let (mut deadline, told) = Deadline::track(Uuid::nil(), given, start(), &policies);
        assert_eq!(told, Told::default());
        let moved = deadline.fire(start() + hours(24), &policies);
        let key = moved.iter().find(|rung| rung.state == RungState::Fired).unwrap().key;
        let until = start() + hours(hour + 8);
        deadline.settle(key, &accepted(Some(until)), start() + hours(hour), &policies).unwrap();
        Self { policies, deadline, set, key }
    }

    fn acknowledge(&mut self, level: u8, hour: i64) {
        let mut given = self.deadline.promise.clone();
        given.revision += 1;
        let time = start() + hours(hour);
        given.acknowledgement = Some(Acknowledgement { level, time });
        self.deadline.revise(given, time, &self.policies).unwrap();
    }

    fn note(&mut self, notice: &str, hour: i64) {
        self.deadline.note(self.key, notice, start() + hours(hour), &self.policies).unwrap();
    }

    /// When level 2 is due, in hours, and why before its time.
    fn next(&self) -> (Option<i64>, Option<&str>) {
        let rung = self.deadline.rungs.iter().find(|rung| rung.is_armed()).unwrap();
        assert_eq!((rung.key.level, rung.fire_time), (2, self.deadline.next_fire_time()));
        (rung.fire_time.map(|time| time.duration_since(start()).as_hours()), rung.reason.as_deref())
    }
}

fn shipped() -> (Policies, PolicySet) {
    (Policies::builtin(), PolicySet::builtin().clone())
}

#[test]
fn who_has_seen_it_keeps_it_also_where_the_citizen_could_not_be_told() {
    for acknowledged_first in [true, false] {
        let mut watched = Watched::accepted_at(24, shipped());
        if acknowledged_first {
            watched.acknowledge(1, 25);
            watched.note("FAILED", 26);
        } else {
            watched.note("FAILED", 26);
            assert_eq!(watched.next(), (Some(26), Some("NOTICE_UNHEARD")));
            watched.acknowledge(1, 26);
        }
        assert_eq!(watched.next(), (Some(32), None), "until their own term is over");
    }
}

#[test]
fn who_does_not_say_in_time_that_they_have_seen_it_loses_it_to_the_next_level() {
    let mut watched = Watched::accepted_at(24, demanding());
    assert_eq!(watched.next(), (Some(26), Some("UNACKNOWLEDGED")));
    watched.note("FAILED", 25);
    assert_eq!(watched.next(), (Some(25), Some("NOTICE_UNHEARD")), "whichever comes first");
    watched.note("DELIVERED", 25);
    assert_eq!(watched.next(), (Some(26), Some("UNACKNOWLEDGED")));
    let fired = watched.deadline.fire(start() + hours(26), &watched.policies).remove(0);
    assert_eq!((fired.key.level, fired.reason.as_deref()), (2, Some("UNACKNOWLEDGED")));
}

#[test]
fn who_says_so_in_time_has_the_whole_of_their_term() {
    let mut watched = Watched::accepted_at(24, demanding());
    watched.acknowledge(1, 25);
    assert_eq!(watched.next(), (Some(32), None));
}

#[test]
fn their_time_begins_when_they_get_it() {
    let watched = Watched::accepted_at(30, demanding());
    assert_eq!(watched.next(), (Some(32), Some("UNACKNOWLEDGED")), "and not while the ticket service was away");
}

#[test]
fn a_level_is_as_seen_as_those_below_it_and_no_more() {
    let mut watched = Watched::accepted_at(24, demanding());
    watched.acknowledge(2, 25);
    assert_eq!(watched.next(), (Some(32), None), "the other clock handed it higher, and that one has seen it");
    assert!(!watched.deadline.promise.is_acknowledged(3, None));
    assert!(
        !watched.deadline.promise.is_acknowledged(1, Some(start() + hours(26))),
        "what came later was not seen then"
    );
}

/// Whoever asked the applicant has plainly seen it; and the ladder is planned anew when the clock runs again.
#[test]
fn a_pause_ends_the_haste() {
    let mut watched = Watched::accepted_at(24, demanding());
    let mut running = watched.deadline.promise.clone();
    (running.revision, running.clocks[0].epoch) = (3, 3);
    running.suspensions = vec![Suspension {
        start_time: start() + hours(25),
        end_time: Some(start() + hours(35)),
        reason: "awaiting_applicant".into(),
        actor: "staff/anna".into(),
    }];
    watched.deadline.revise(running, start() + hours(35), &watched.policies).unwrap();
    assert_eq!(watched.next(), (Some(42), None));
    assert_eq!(watched.set.version(), u32::try_from(watched.deadline.promise.policy_version).unwrap());
}
