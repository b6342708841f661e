//! The next version of a set: what it changes, what is refused, and which set counts when.

use std::collections::BTreeMap;

use deadline::{Calendar, Channel, Features, Import, Invalid, Kind, PolicySet, Priority, Published};
use jiff::{SignedDuration, Timestamp};

const EMERGENCY: &str = r#"
[[policy]]
id = "emergency"
version = 2
order = 10
day_convention = "next_day_to_closing"

[policy.match]
priority = ["emergency"]

[policy.first_answer]
calendar = "round_the_clock"
allowance = { real = "20m" }
warn_percent = 50
pauses = ["awaiting_applicant", "awaiting_verification", "resolved"]
ladder = [
    { role = "senior_specialist", allowance = { real = "30m" } },
    { role = "supervisor", allowance = { real = "1h" } },
]

[policy.resolution]
calendar = "working_days"
allowance = { working_days = 1 }
warn_percent = 75
pauses = ["awaiting_applicant", "awaiting_verification", "resolved"]
ladder = [
    { role = "senior_specialist", allowance = { working = "4h" } },
    { role = "supervisor", allowance = { working = "4h" } },
]

[[policy.case]]
category = "technical_fault"
kind = "technical"
priority = "emergency"
channel = "portal"
filed = "2026-03-02T12:00:00+03:00"
first_answer = "2026-03-02T12:20:00+03:00"
resolution = "2026-03-03T18:00:00+03:00"
"#;

fn present() -> &'static PolicySet {
    PolicySet::builtin()
}

fn next() -> u32 {
    present().version() + 1
}

fn refused(document: &str, removed: &[&str]) -> Vec<String> {
    let removed: Vec<String> = removed.iter().map(|id| (*id).to_owned()).collect();
    present().revised(next(), document, &removed).unwrap_err().iter().map(Invalid::to_string).collect()
}

#[test]
fn the_next_set_has_the_new_policy_and_tells_what_it_changes() {
    let revision = present().revised(next(), EMERGENCY, &[]).unwrap();

    assert_eq!(revision.set.version(), next());
    assert_ne!(revision.set.content_hash(), present().content_hash());
    let shown: Vec<_> = revision
        .changes
        .iter()
        .map(|it| (it.entry.as_str(), it.field.as_str(), it.before.as_deref(), it.after.as_deref()))
        .filter(|(_, field, ..)| *field != "case")
        .collect();
    assert_eq!(
        shown,
        [
            ("policy emergency", "first_answer.allowance.real", Some("\"30m\""), Some("\"20m\"")),
            ("policy emergency", "version", Some("1"), Some("2")),
        ]
    );
    // What was there before is untouched.
    assert_eq!(present().policy("emergency").unwrap().version, 1);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let document = EMERGENCY
        .replace("version = 2", "version = 7")
        .replace("warn_percent = 75", "warn_percent = 0")
        .replace("calendar = \"working_days\"", "calendar = \"weekdays\"");
    assert_eq!(
        refused(&document, &["ghost"]),
        [
            "policy \"emergency\": its version must be 2, not 7",
            "policy \"ghost\": there is none to be removed",
            "policy \"emergency\": warn_percent must be 1 to 99",
            "policy \"emergency\": the set has no calendar \"weekdays\"",
        ]
    );
}

#[test]
fn a_document_that_changes_nothing_is_refused() {
    assert_eq!(refused("", &[]), ["nothing would change"]);
    let same = EMERGENCY.replace("20m", "30m");
    let (without_cases, _) = same.split_once("[[policy.case]]").unwrap();
    assert_eq!(refused(without_cases, &[]), ["nothing would change"]);
}

#[test]
fn ties_and_policies_that_are_never_chosen_are_named() {
    let (plain, _) = EMERGENCY.split_once("[[policy.case]]").unwrap();
    let rival = plain.replace("id = \"emergency\"", "id = \"rival\"").replace("version = 2", "version = 1");
    assert_eq!(
        refused(&rival, &[]),
        ["policies \"emergency\" and \"rival\" have the same order and specificity and can match the same appeal"]
    );
    let late = rival.replace("order = 10", "order = 11");
    assert_eq!(
        refused(&late, &[]),
        ["policy \"rival\" can never be chosen: \"emergency\" comes first and matches all of it"]
    );
}

#[test]
fn the_catch_all_can_not_be_removed() {
    assert_eq!(refused("", &["standard"]), ["no policy matches everything"]);
}

#[test]
fn a_truth_table_that_does_not_hold_is_refused_case_by_case() {
    let wrong = EMERGENCY.replace("12:20:00", "12:30:00").replace("18:00:00", "17:00:00");
    assert_eq!(
        refused(&wrong, &[]),
        [
            "policy \"emergency\", case 1: first_answer is due at 2026-03-02T09:20:00Z, not at 2026-03-02T09:30:00Z",
            "policy \"emergency\", case 1: resolution is due at 2026-03-03T15:00:00Z, not at 2026-03-03T14:00:00Z",
        ]
    );
    let taken = EMERGENCY.replace("priority = \"emergency\"\nchannel", "priority = \"low\"\nchannel");
    assert_eq!(refused(&taken, &[]), ["policy \"emergency\", case 1: policy \"low\" is chosen"]);
    let untimed = EMERGENCY.replace("filed = \"2026-03-02T12:00:00+03:00\"\n", "");
    assert_eq!(refused(&untimed, &[]), ["policy \"emergency\", case 1: a due time needs the time of filing"]);
}

/// Whoever takes appeals away from a policy is told by that policy's cases.
#[test]
fn the_cases_of_one_policy_guard_it_against_the_next() {
    let guarded = present().revised(next(), EMERGENCY, &[]).unwrap().set;
    let (plain, _) = EMERGENCY.split_once("[[policy.case]]").unwrap();
    let thief = plain
        .replace("id = \"emergency\"", "id = \"portal_first\"")
        .replace("version = 2", "version = 1")
        .replace("order = 10", "order = 5")
        .replace("priority = [\"emergency\"]", "channel = [\"portal\"]");
    let faults = guarded.revised(next() + 1, &thief, &[]).unwrap_err();
    assert_eq!(
        faults,
        [Invalid::Case { policy: "emergency".into(), number: 1, what: "policy \"portal_first\" is chosen".into() }]
    );
}

#[test]
fn a_calendar_shows_its_changes_day_by_day() {
    let calendar = present().calendar("support").unwrap();
    let mut data = calendar.data().clone();
    data.version += 1;
    let holiday = data.exceptions.iter_mut().find(|day| day.from.to_string() == "2026-06-12").unwrap();
    holiday.label = "Выходной".into();
    let text = toml::to_string(&BTreeMap::from([("calendar", [data])])).unwrap();
    let changes = present().revised(next(), &text, &[]).unwrap().changes;
    let fields: Vec<_> = changes.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["exception.2026-06-12.label", "version"]);
}

#[test]
fn the_last_effective_set_counts_and_the_shipped_one_until_then() {
    let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
    let shipped = Published::shipped();
    assert_eq!(shipped.in_force(at(0)).content_hash(), present().content_hash());
    assert_eq!(shipped.latest_version(), 0);

    let first = present().revised(7, EMERGENCY, &[]).unwrap().set;
    let second = first.revised(
        8,
        &EMERGENCY.replace("version = 2", "version = 3").replace("20m", "10m").replace("12:20", "12:10"),
        &[],
    );
    let second = second.unwrap().set;
    let published = shipped.with([(second.clone(), at(20)), (first.clone(), at(10))]);

    assert_eq!(published.in_force(at(9)).content_hash(), present().content_hash());
    assert_eq!(published.in_force(at(10)).content_hash(), first.content_hash());
    assert_eq!(published.in_force(at(19)).content_hash(), first.content_hash());
    assert_eq!(published.in_force(at(20)).content_hash(), second.content_hash());
    assert_eq!((published.latest_version(), published.newest().set.version()), (8, 8));
    let by_hash = published.by_hash(&first.content_hash().to_string()).unwrap();
    assert_eq!(by_hash.version(), 7);

    // A published version never changes.
    let other = present().revised(8, EMERGENCY, &[]).unwrap().set;
    assert_eq!(published.clone().with([(other, at(0))]), published);
}

#[test]
fn the_new_set_promises_what_it_says() {
    let set = present().revised(next(), EMERGENCY, &[]).unwrap().set;
    let features = Features {
        category: "technical_fault",
        kind: Kind::Technical,
        priority: Priority::Emergency,
        channel: Channel::Portal,
        region: None,
        applicant_group: None,
    };
    assert_eq!(set.select(&features).version, 2);
    // And the text of it is that set again.
    assert_eq!(PolicySet::from_toml(&[&set.to_toml().unwrap()]).unwrap(), set);
}

/// What was promised when next year's days were not known goes on by them once they are published, and by its own days until then.
#[test]
fn a_promise_goes_on_past_the_end_of_its_own_calendar() {
    let mut next_year = present().calendar("working_days").unwrap().data().clone();
    next_year.version += 1;
    next_year.horizon = Some("2028-12-31".parse().unwrap());
    next_year.years.push(toml::from_str("year = 2028\nsource = \"test\"\nprovisional = true").unwrap());
    next_year
        .exceptions
        .push(toml::from_str("from = \"2028-01-03\"\nlabel = \"Праздник\"\nday = \"holiday\"").unwrap());
    // A day that was promised as a working one is taken away: not from those who were promised it.
    next_year.exceptions.push(toml::from_str("from = \"2027-12-28\"\nlabel = \"Позже\"\nday = \"holiday\"").unwrap());
    let document = toml::to_string(&BTreeMap::from([("calendar", [next_year])])).unwrap();
    let newer = present().revised(next(), &document, &[]).unwrap().set;

    let start: Timestamp = "2027-12-27T12:00:00+03:00".parse().unwrap();
    let due = |published: &Published| {
        let set = published.by_hash(&present().content_hash().to_string()).unwrap();
        let term = set.term("standard", deadline::ClockKind::Resolution).unwrap();
        (term.due(start, &[]).map(|due| due.time().unwrap()), term.explain(start, &[]))
    };
    let (before, _) = due(&Published::shipped());
    assert_eq!(before.unwrap_err().reason(), "CALENDAR_HORIZON_PASSED");

    let published = Published::shipped().with([(newer.clone(), start)]);
    let (after, told) = due(&published);
    // 28 to 31 December by the old version, 1 and 2 January 2028 are a weekend, 3 January is a holiday of the new one.
    assert_eq!(after.unwrap().to_string(), "2028-01-04T15:00:00Z");
    let told = told.unwrap();
    assert_eq!((told.calendar.version, told.later.map(|later| later.version)), (2, Some(3)));
    assert_eq!(told.provisional, [2027, 2028]);
    // Its own hash is that of its own text.
    assert_eq!(published.by_hash(&newer.content_hash().to_string()).unwrap().version(), next());
}

#[test]
fn a_set_that_was_published_is_read_whatever_rules_came_later() {
    // A tie, as no document could be published with.
    let (plain, _) = EMERGENCY.split_once("[[policy.case]]").unwrap();
    let rival = plain.replace("id = \"emergency\"", "id = \"rival\"");
    let document = format!("{}\n{rival}", present().to_toml().unwrap());
    assert!(PolicySet::from_toml(&[&document]).is_err());
    let set = PolicySet::published(&document).unwrap();
    assert!(set.policy("rival").is_some());
    assert!(set.content_hash().is(&set.content_hash().to_string()) && !set.content_hash().is("f4c3"));
}

#[test]
fn a_region_gets_a_version_of_its_own_when_its_base_does() {
    let region = "[[calendar]]\nid = \"tatarstan\"\nversion = 1\nzone = \"Europe/Moscow\"\nbase = \"working_days\"\n";
    let with_region = present().revised(next(), region, &[]).unwrap().set;
    let mut base = present().calendar("working_days").unwrap().data().clone();
    base.version += 1;
    base.exceptions.push(toml::from_str("from = \"2027-07-01\"\nlabel = \"x\"\nday = \"holiday\"").unwrap());
    let document = toml::to_string(&BTreeMap::from([("calendar", [base])])).unwrap();
    let faults = with_region.revised(next() + 1, &document, &[]).unwrap_err();
    assert_eq!(
        faults.iter().map(Invalid::to_string).collect::<Vec<_>>(),
        ["calendar \"tatarstan\": its base \"working_days\" changes, so it needs a new version too"]
    );
    let both = format!("{document}\n{}", region.replace("version = 1", "version = 2"));
    assert!(with_region.revised(next() + 1, &both, &[]).is_ok());
}

/// Clocks run while another body is asked, so a policy that promises otherwise would not be kept.
#[test]
fn nothing_pauses_for_another_body() {
    let pausing =
        EMERGENCY.replacen(r#"["awaiting_applicant", "#, r#"["awaiting_applicant", "awaiting_other_body", "#, 1);
    let faults = refused(&pausing, &[]);
    assert!(matches!(&faults[..], [fault] if fault.contains("while another body is asked")), "{faults:?}");
}

#[test]
fn terms_without_end_are_refused() {
    let longest = EMERGENCY.replace("real = \"20m\"", "real = \"50000h\"");
    assert_eq!(
        refused(&longest, &[]),
        ["policy \"emergency\": an allowance must be at most five years, or 1000 working days"]
    );
}

fn decree(events: &[(&str, &str, &str)]) -> String {
    let event = |(from, to, summary): &(&str, &str, &str)| {
        format!(
            "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{from}\r\nDTEND;VALUE=DATE:{to}\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\n"
        )
    };
    let events: String = events.iter().map(event).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

fn import(year: i16, events: &[(&str, &str, &str)]) -> Import {
    let calendar = "working_days".into();
    Import { calendar, text: decree(events), year, source: "Постановление".into(), provisional: false }
}

/// The decree of a year that was provisional: its days are the file's alone, those of other years stay.
#[test]
fn a_year_from_an_icalendar_file_takes_the_place_of_what_was_known_of_it() {
    let import = import(2027, &[("20270101", "20270109", "Каникулы"), ("20281231", "20290101", "другой год")]);
    let document = present().imported(&import).unwrap();
    let revision = present().revised(next(), &document, &[]).unwrap();
    let (before, after) = (present().calendar("working_days").unwrap(), revision.set.calendar("working_days").unwrap());
    assert_eq!((after.version(), after.horizon()), (before.version() + 1, before.horizon()));
    let year = after.year(2027).unwrap();
    assert_eq!((year.source.as_str(), year.provisional), ("Постановление", false));
    let closed = |calendar: &Calendar, day: &str| calendar.hours_on(day.parse().unwrap()).unwrap().0.is_closed();
    assert!(closed(before, "2027-05-03") && !closed(after, "2027-05-03"), "the file does not have it");
    assert!(closed(after, "2027-01-05") && closed(after, "2026-05-11"));
    assert!(revision.changes.iter().any(|edit| edit.field == "exception.2027-05-03" && edit.after.is_none()));
}

#[test]
fn the_year_after_the_horizon_moves_it_and_no_other_does() {
    let document = present().imported(&import(2028, &[("20280103", "20280104", "Праздник")])).unwrap();
    let set = present().revised(next(), &document, &[]).unwrap().set;
    assert_eq!(set.calendar("working_days").unwrap().horizon().unwrap().to_string(), "2028-12-31");

    let refused = |import: &Import| present().imported(import).unwrap_err().to_string();
    assert_eq!(
        refused(&import(2029, &[])),
        "calendar \"working_days\": its horizon is 2027-12-31, which 2029 does not follow"
    );
    let ghost = Import { calendar: "ghost".into(), ..import(2028, &[]) };
    assert_eq!(refused(&ghost), "calendar \"ghost\": there is none to be imported to");
    let torn = Import { text: "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".into(), ..import(2028, &[]) };
    assert!(refused(&torn).starts_with("iCalendar: "), "{}", refused(&torn));
}
