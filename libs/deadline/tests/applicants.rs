//! What is promised by who asks: where they live, of which group of people they are, and by whose wall they read the hours.

use deadline::{Channel, ClockKind, Features, Kind, PolicySet, Priority, What};
use jiff::Timestamp;

const CALENDAR: &str = r#"
version = 1

[[calendar]]
id = "office"
version = 1
zone = "Europe/Moscow"
[calendar.week]
monday = ["09:00-18:00"]
tuesday = ["09:00-18:00"]
wednesday = ["09:00-18:00"]
thursday = ["09:00-18:00"]
friday = ["09:00-18:00"]
"#;

fn policy(id: &str, order: u32, lines: &str, zone: &str) -> String {
    let plan = |allowance: &str| {
        format!(
            "calendar = \"office\"\nzone = \"{zone}\"\nallowance = {{ {allowance} }}\nwarn_percent = 50\npauses = []\n\
             ladder = [{{ role = \"supervisor\", allowance = {{ working = \"2h\" }} }}]\n"
        )
    };
    format!(
        "[[policy]]\nid = \"{id}\"\nversion = 1\norder = {order}\nday_convention = \"next_day_to_closing\"\n{lines}\n\
         [policy.first_answer]\n{}[policy.resolution]\n{}",
        plan("working = \"3h\""),
        plan("working_days = 2")
    )
}

fn set(policies: &[String]) -> Result<PolicySet, String> {
    PolicySet::from_toml(&[CALENDAR, &policies.concat()]).map_err(|fault| fault.to_string())
}

fn with(lines: &str) -> Result<PolicySet, String> {
    set(&[policy("everybody", 9, "", "calendar"), policy("some", 5, lines, "calendar")])
}

fn features<'a>(region: Option<&'a str>, group: Option<&'a str>) -> Features<'a> {
    Features {
        category: "payment",
        kind: Kind::Technical,
        priority: Priority::Normal,
        channel: Channel::Portal,
        region,
        applicant_group: group,
    }
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[test]
fn a_policy_is_for_those_of_a_region_and_a_group_and_for_nobody_of_whom_it_is_not_known() {
    let set = set(&[
        policy("everybody", 9, "", "calendar"),
        policy("north", 5, "match = { region = [\"RU-SA\", \"RU-CHU\"] }", "calendar"),
        policy("families", 4, "match = { applicant_group = [\"large_family\"] }", "calendar"),
        policy("both", 4, "match = { region = [\"RU-SA\"], applicant_group = [\"large_family\"] }", "calendar"),
    ])
    .unwrap();
    let chosen = |region, group| set.select(&features(region, group)).id.as_str();
    assert_eq!(chosen(None, None), "everybody");
    assert_eq!(chosen(Some("RU-MOW"), Some("veteran")), "everybody");
    assert_eq!(chosen(Some("RU-CHU"), None), "north");
    assert_eq!(chosen(None, Some("large_family")), "families");
    assert_eq!(chosen(Some("RU-CHU"), Some("large_family")), "families", "the lower order is first");
    assert_eq!(chosen(Some("RU-SA"), Some("large_family")), "both", "at the same order the more specific one");
}

#[test]
fn what_nobody_is_told_as_what_ties_and_what_is_never_chosen_is_refused() {
    for code in ["ru-sa", "RU", "Якутия", "RU-SAKH", "RUS-SA", "RU-"] {
        let refused = with(&format!("match = {{ region = [\"{code}\"] }}")).unwrap_err();
        assert!(refused.contains("ISO 3166-2"), "{code}: {refused}");
    }
    assert!(with("match = { applicant_group = [\"Large family\"] }").unwrap_err().contains("lower snake case"));
    assert!(with("match = { region = [] }").unwrap_err().contains("matches nothing"));
    let of = |one: &str, other: &str| {
        set(&[
            policy("everybody", 9, "", "calendar"),
            policy("one", 5, &format!("match = {{ {one} }}"), "calendar"),
            policy("other", 5, &format!("match = {{ {other} }}"), "calendar"),
        ])
    };
    let (north, south) = ("region = [\"RU-SA\", \"RU-CHU\"]", "region = [\"RU-AD\"]");
    assert!(of(north, south).is_ok(), "they never meet");
    assert!(of(north, "region = [\"RU-SA\"]").is_err(), "both are for Yakutia");
    assert!(of(north, "applicant_group = [\"veteran\"]").is_err(), "there are veterans in Yakutia");
    let unreachable = set(&[
        policy("everybody", 9, "", "calendar"),
        policy("wide", 4, &format!("match = {{ {north} }}"), "calendar"),
        policy("narrow", 5, "match = { region = [\"RU-SA\"], applicant_group = [\"veteran\"] }", "calendar"),
    ]);
    assert!(unreachable.unwrap_err().contains("narrow"));
}

#[test]
fn hours_are_read_by_the_wall_that_the_policy_chooses() {
    let set = set(&[policy("everybody", 9, "", "applicant")]).unwrap();
    // Friday, 16:00 in Yakutsk is 10:00 in Moscow.
    let filed = at("2026-03-13T10:00:00+03:00");
    let due = |clock, zone| set.term_for("everybody", clock, zone).unwrap().due(filed, &[]).unwrap().time().unwrap();
    let first = |zone| due(ClockKind::FirstAnswer, zone);
    assert_eq!(first(Some("Europe/Moscow")), at("2026-03-13T13:00:00+03:00"));
    assert_eq!(first(Some("Asia/Yakutsk")), at("2026-03-16T10:00:00+09:00"), "two hours of Friday, one of Monday");
    assert_eq!(first(None), first(Some("Europe/Moscow")), "where nobody knows it, the calendar's own");
    let resolution = |zone| due(ClockKind::Resolution, zone);
    assert_eq!(resolution(Some("Asia/Yakutsk")), at("2026-03-17T18:00:00+09:00"));
    assert_eq!(resolution(Some("Europe/Kaliningrad")), at("2026-03-17T18:00:00+02:00"));
    let term = set.term_for("everybody", ClockKind::FirstAnswer, Some("Asia/Yakutsk")).unwrap();
    let told = term.explain(filed, &[]).unwrap();
    assert_eq!(told.zone, "Asia/Yakutsk", "who asks why is told by which wall");
    let counted = |what: &What| matches!(what, What::Counted);
    assert_eq!(told.spans.iter().filter(|span| counted(&span.what)).count(), 2);
    // The terms of its levels go by the same wall: two hours from ten in the morning there.
    assert_eq!(term.level_end(1, at("2026-03-16T10:00:00+09:00"), &[]), Some(at("2026-03-16T12:00:00+09:00")));
    let rungs = term.rungs(filed, &[], term.due(filed, &[]).unwrap()).unwrap();
    assert_eq!(rungs[0].fire_time, at("2026-03-13T17:30:00+09:00"), "half of it");
}

#[test]
fn a_truth_table_asks_for_who_it_is_for() {
    let case = "[[policy.case]]\ncategory = \"any\"\nkind = \"technical\"\npriority = \"low\"\nchannel = \"portal\"\n";
    let yakutia = "region = \"RU-SA\"\ntime_zone = \"Asia/Yakutsk\"\nfiled = \"2026-03-13T07:00:00Z\"\n";
    let table = |more: &str, due: &str| {
        let north = policy("north", 5, "match = { region = [\"RU-SA\"] }", "applicant");
        let case = format!("{case}{more}{due}");
        set(&[policy("everybody", 9, "", "calendar"), north + &case])
    };
    assert!(table(yakutia, "first_answer = \"2026-03-16T01:00:00Z\"\n").is_ok());
    assert!(
        table(yakutia, "first_answer = \"2026-03-13T10:00:00Z\"\n").unwrap_err().contains("first_answer is due at")
    );
    assert!(table("", "").unwrap_err().contains("\"everybody\" is chosen"));
    let misspelt = yakutia.replace("Asia/Yakutsk", "Asia/Jakutsk");
    assert!(table(&misspelt, "").unwrap_err().contains("time zone"));
    // Who tells no zone reads Moscow's times, wherever the calendar is at home.
    let far = CALENDAR.replace("Europe/Moscow", "Asia/Kamchatka");
    let told_none = policy("everybody", 9, "", "applicant") + case + "filed = \"2026-03-13T07:00:00Z\"\n";
    let read = |due: &str| PolicySet::from_toml(&[&far, &format!("{told_none}first_answer = \"{due}\"\n")]);
    assert!(read("2026-03-13T10:00:00Z").is_ok() && read("2026-03-16T00:00:00Z").is_err());
}
