//! What a policy promises beyond the first answer and the resolution, and how often it asks.

use deadline::{Allowance, Channel, ClockKind, Features, Kind, PolicySet, Priority, Reopening, Rung, RungKind};
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
    let features =
        Features { category: "any", kind: Kind::Technical, priority: Priority::Low, channel: Channel::Portal };
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
        assert_eq!(term.begun_in(1).due(start(), &[]).unwrap().time(), Some(start() + hours(4)), "{line}");
        assert_eq!(term.begun_in(2).due(start(), &[]).unwrap().time(), Some(start() + hours(granted)), "{line}");
        assert_eq!(term.begun_in(2).promises_like(&term), granted == 4, "{line}");
        // Only what is opened again.
        let next = set.term("all", ClockKind::NextAnswer).unwrap();
        assert_eq!(next.begun_in(7).allowance(), next.allowance());
    }
}

#[test]
fn what_is_not_said_is_not_written_either() {
    let text = set("", "").to_toml().unwrap();
    for word in ["next_answer", "reopen", "longest_pause", "remind_applicant_after", "acknowledge_within", "times = 1"]
    {
        assert!(!text.contains(word), "{word}: sets that were published before it keep their hash");
    }
    let all = set("reopen = \"fresh\"\nlongest_pause = { working_days = 10 }", "3h");
    assert_eq!(PolicySet::from_toml(&[&all.to_toml().unwrap()]).unwrap(), all);
}
