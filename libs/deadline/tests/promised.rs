//! What a policy promises beyond the first answer and the resolution, and how often it asks.

use deadline::{
    Allowance, Channel, ClockKind, Due, Features, Kind, PolicySet, Priority, Reopening, Rung, RungKind, Suspension,
    SuspensionReason,
};
use jiff::{SignedDuration, Timestamp};

const CALENDAR: &str = r#"
version = 1

[[calendar]]
id = "all_hours"
version = 1
zone = "UTC"
[calendar.week]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
"#;

/// A set of one policy with these lines.
fn set(lines: &str, next: &str) -> PolicySet {
    let plan = "calendar = \"all_hours\"\nallowance = { real = \"4h\" }\nwarn_percent = 50\npauses = []\n\
        ladder = [{ role = \"senior_specialist\", allowance = { real = \"2h\" } }, \
        { role = \"supervisor\", allowance = { real = \"1h\" }, times = 3 }]\n";
    let policy = format!(
        "[[policy]]\nid = \"all\"\nversion = 1\norder = 1\nday_convention = \"next_day_to_closing\"\n{lines}\n\
         [policy.first_answer]\n{plan}[policy.resolution]\n{plan}{}",
        if next.is_empty() { String::new() } else { format!("[policy.next_answer]\n{}", plan.replace("4h", next)) }
    );
    PolicySet::from_toml(&[CALENDAR, &policy]).unwrap()
}

fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn a_level_that_acts_several_times_is_as_many_levels_each_with_its_term() {
    let set = set("", "");
    let term = set.term("all", ClockKind::Resolution).unwrap();
    let rungs = term.rungs(start(), &[], term.due(start(), &[]).unwrap()).unwrap();
    let level = |number, fires, promises| Rung {
        kind: RungKind::Level(number),
        fire_time: start() + hours(fires),
        promise: Some(start() + hours(promises)),
    };
    assert_eq!(rungs[1..], [level(1, 4, 6), level(2, 6, 7), level(3, 7, 8), level(4, 8, 9)]);
    let ladder = &term.plan().ladder;
    assert_eq!((ladder.len(), ladder.is_empty()), (4, false));
    assert_eq!(ladder.level(4), ladder.level(2));
    assert_eq!((ladder.level(5), ladder.level(0)), (None, None));
}

#[test]
fn the_next_answer_is_promised_where_the_policy_says_so() {
    assert!(set("", "").term("all", ClockKind::NextAnswer).is_none());
    let set = set("", "3h");
    let term = set.term("all", ClockKind::NextAnswer).unwrap();
    assert_eq!(term.due(start(), &[]).unwrap().time(), Some(start() + hours(3)));
    let features = Features {
        category: "any",
        kind: Kind::Technical,
        priority: Priority::Low,
        channel: Channel::Portal,
        region: None,
        applicant_group: None,
    };
    assert_eq!(set.select(&features).plans().count(), 3);
}

#[test]
fn a_reopened_resolution_goes_on_begins_anew_or_has_a_term_of_its_own() {
    for (line, reopen, granted) in [
        ("", Reopening::Continue, 4),
        ("reopen = \"continue\"", Reopening::Continue, 4),
        ("reopen = \"fresh\"", Reopening::Fresh, 4),
        ("reopen = { grant = { real = \"9h\" } }", Reopening::Grant(Allowance::RealTime(hours(9))), 9),
    ] {
        let set = set(line, "3h");
        assert_eq!(set.policy("all").unwrap().reopen, reopen);
        let term = set.term("all", ClockKind::Resolution).unwrap();
        assert_eq!(term.clone().begun_in(1).due(start(), &[]).unwrap().time(), Some(start() + hours(4)), "{line}");
        assert_eq!(
            term.clone().begun_in(2).due(start(), &[]).unwrap().time(),
            Some(start() + hours(granted)),
            "{line}"
        );
        assert_eq!(term.clone().begun_in(2).promises_like(&term), granted == 4, "{line}");
        // Only what is opened again.
        let next = set.term("all", ClockKind::NextAnswer).unwrap();
        assert_eq!(next.clone().begun_in(7).allowance(), next.allowance());
    }
}

#[test]
fn warnings_are_by_share_and_by_what_is_left_and_lie_within_the_term() {
    // Four hours, half of which are used at eleven.
    let with = |earlier: &str| {
        set("", "")
            .to_toml()
            .unwrap()
            .replace("warn_percent = 50", &format!("warn_percent = 50\nwarn_before = [{earlier}]"))
    };
    let read = |earlier: &str| PolicySet::from_toml(&[&with(earlier)]).map_err(|fault| fault.to_string());
    let set = read("{ offset = { real = \"3h\" } }, { percent = 10 }").unwrap();
    let term = set.term("all", ClockKind::Resolution).unwrap();
    let warned = |due, suspensions: &[Suspension]| {
        let rungs = term.rungs(start(), suspensions, due).unwrap().into_iter();
        rungs.filter(|it| !matches!(it.kind, RungKind::Level(_))).map(|it| (it.kind, it.fire_time)).collect::<Vec<_>>()
    };
    let at = |minutes| start() + SignedDuration::from_mins(minutes);
    let due = term.due(start(), &[]).unwrap();
    assert_eq!(
        warned(due, &[]),
        [(RungKind::Earlier(2), at(24)), (RungKind::Earlier(1), at(60)), (RungKind::Warn, at(120))],
        "in the order in which they fire"
    );
    // A promise of less than was left: there is no such moment in it.
    let short = warned(Due::At(start() + hours(2)), &[]);
    assert_eq!(short.iter().map(|it| it.0).collect::<Vec<_>>(), [RungKind::Earlier(2), RungKind::Warn]);
    // Who does not know the end does not know how long before it is either.
    let asked = Suspension { from: at(30), to: None, reason: SuspensionReason::AwaitingApplicant };
    let term_pausing = term.rungs(start(), &[asked], Due::Paused { remaining: hours(3) }).unwrap();
    assert!(term_pausing.iter().all(|it| it.kind != RungKind::Earlier(1)));
    // Nor is anybody reminded of what stood still at that moment: once it runs again.
    let paused = Suspension { from: at(30), to: Some(at(300)), reason: SuspensionReason::AwaitingApplicant };
    let rungs = read("{ offset = { real = \"3h 20m\" } }").unwrap();
    let pausing = rungs.to_toml().unwrap().replace("pauses = []", "pauses = [\"awaiting_applicant\"]");
    let set = PolicySet::from_toml(&[&pausing]).unwrap();
    let term = set.term("all", ClockKind::Resolution).unwrap();
    let due = term.due(start(), &[paused]).unwrap();
    let early = term.rungs(start(), &[paused], due).unwrap()[0];
    assert_eq!((due.time(), early.kind, early.fire_time), (Some(at(510)), RungKind::Earlier(1), at(310)));
    let longer = Suspension { to: Some(at(330)), ..paused };
    let due = Due::At(at(510));
    assert_eq!(term.rungs(start(), &[longer], due).unwrap()[0].fire_time, at(330));
    for (wrong, why) in [
        ("{ percent = 100 }", "1 to 99"),
        ("{ offset = { real = \"4h\" } }", "shorter than the term"),
        ("{ offset = { working = \"1h\" } }", "where the term is real time"),
        ("{ offset = { working_days = 1 } }", "real or working time"),
        (&["{ percent = 1 }"; 10].join(", "), "at most 9"),
    ] {
        let refused = read(wrong).unwrap_err();
        assert!(refused.contains(why), "{wrong}: {refused}");
    }
}

#[test]
fn what_is_left_of_working_time_is_counted_as_the_term_is() {
    let set = PolicySet::builtin();
    // Twelve hours before the end of five working days, which have nine each.
    let mut document: toml::Table = set.to_toml().unwrap().parse().unwrap();
    for policy in document["policy"].as_array_mut().unwrap() {
        let offset: toml::Table = "list = [{ offset = { working = \"12h\" } }]".parse().unwrap();
        policy["resolution"].as_table_mut().unwrap().insert("warn_before".into(), offset["list"].clone());
    }
    let set = PolicySet::published(&document.to_string()).unwrap();
    let term = set.term("standard", ClockKind::Resolution).unwrap();
    let filed = "2026-03-16T07:00:00Z".parse().unwrap();
    let due = term.due(filed, &[]).unwrap();
    let rungs = term.rungs(filed, &[], due).unwrap();
    let early = rungs.iter().find(|it| it.kind == RungKind::Earlier(1)).unwrap().fire_time;
    assert_eq!(term.elapsed(early, due.time().unwrap(), &[]).unwrap(), hours(12));
    assert!(due.time().unwrap().duration_since(early) > hours(24), "nights do not count");
}

#[test]
fn what_is_not_said_is_not_written_either() {
    let text = set("", "").to_toml().unwrap();
    for word in [
        "acceptance",
        "acknowledge_within",
        "applicant_group",
        "longest_pause",
        "next_answer",
        "other_body",
        "region",
        "remind_applicant_after",
        "reopen",
        "times = 1",
        "warn_before",
        "zone = \"calendar\"",
    ] {
        assert!(!text.contains(word), "{word}: sets that were published before it keep their hash");
    }
    let all = set("reopen = \"fresh\"\nlongest_pause = { working_days = 10 }", "3h");
    assert_eq!(PolicySet::from_toml(&[&all.to_toml().unwrap()]).unwrap(), all);
}
