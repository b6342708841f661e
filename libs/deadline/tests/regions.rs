//! Calendars that are based on another one of their set.

use deadline::{Calendar, CalendarData, ContentHash, DayKind, Invalid, PolicySet};
use jiff::civil::{Date, date};

const BASE: &str = r#"
version = 1

[[calendar]]
id = "country"
version = 3
zone = "Europe/Moscow"
from = "2025-01-01"
horizon = "2026-12-31"

[[calendar.year]]
year = 2025
source = "Постановление"

[[calendar.year]]
year = 2026
source = "Кодекс"
provisional = true

[calendar.week]
monday = ["09:00-18:00"]
tuesday = ["09:00-18:00"]
friday = ["09:00-17:00"]

[[calendar.exception]]
from = "2025-01-01"
to = "2025-01-08"
label = "Новый год"
day = "holiday"

[[calendar.exception]]
from = "2025-05-02"
label = "Короткая пятница"
day = "short_day"
shorter_by = "1h"
"#;

const REGION: &str = r#"
[[calendar]]
id = "region"
version = 1
zone = "Asia/Yakutsk"
base = "country"
"#;

fn set(region: &str) -> Result<PolicySet, Invalid> {
    let plan = "calendar = \"region\"\nallowance = { working = \"8h\" }\nwarn_percent = 75\npauses = []\nladder = []\n";
    let policy = format!(
        "[[policy]]\nid = \"everything\"\nversion = 1\norder = 1\nday_convention = \"next_day_to_closing\"\n\
         [policy.first_answer]\n{plan}[policy.resolution]\n{plan}"
    );
    PolicySet::from_toml(&[BASE, region, &policy])
}

fn region(more: &str) -> Result<Calendar, String> {
    let set = set(&format!("{REGION}{more}")).map_err(|invalid| invalid.to_string())?;
    Ok(set.calendar("region").unwrap().clone())
}

#[track_caller]
fn hours(calendar: &Calendar, day: Date) -> Vec<String> {
    calendar.hours_on(day).unwrap().0.intervals().iter().map(ToString::to_string).collect()
}

fn days(calendar: &Calendar) -> Vec<(Date, Date, &str)> {
    calendar.special_dates().iter().map(|it| (it.from, it.to, it.label.as_str())).collect()
}

#[test]
fn what_a_region_does_not_say_it_has_from_its_base() {
    let region = region("").unwrap();
    assert_eq!((region.from(), region.horizon()), (Some(date(2025, 1, 1)), Some(date(2026, 12, 31))));
    assert_eq!(region.years().len(), 2);
    assert!(region.year(2026).unwrap().provisional);
    assert_eq!(hours(&region, date(2025, 4, 4)), ["09:00-17:00"]);
    assert_eq!(hours(&region, date(2025, 5, 2)), ["09:00-16:00"]);
    assert_eq!(hours(&region, date(2025, 1, 3)), [""; 0]);
    // The wall is its own: Yakutsk is six hours ahead of Moscow.
    assert_eq!(region.horizon_end(), Some("2027-01-01T00:00:00+09".parse().unwrap()));
    assert_eq!(region.zone().iana_name(), Some("Asia/Yakutsk"));
}

#[test]
fn what_a_region_says_wins_and_the_rest_of_the_bases_dates_stays() {
    let region = region(
        r#"
horizon = "2025-12-31"
[[calendar.year]]
year = 2025
source = "Указ главы республики"
[calendar.week]
monday = ["10:00-12:00"]
friday = ["10:00-15:00"]
[[calendar.exception]]
from = "2025-01-03"
to = "2025-01-04"
label = "День республики"
day = "regional_holiday"
hours = ["10:00-11:00"]
[[calendar.exception]]
from = "2025-01-06"
label = "Рабочий понедельник"
hours = ["10:00-12:00"]
[[calendar.exception]]
from = "2025-01-08"
to = "2025-01-10"
label = "Праздник весны"
day = "regional_holiday"
"#,
    )
    .unwrap();
    assert_eq!(
        days(&region),
        [
            (date(2025, 1, 1), date(2025, 1, 2), "Новый год"),
            (date(2025, 1, 3), date(2025, 1, 4), "День республики"),
            (date(2025, 1, 5), date(2025, 1, 5), "Новый год"),
            (date(2025, 1, 6), date(2025, 1, 6), "Рабочий понедельник"),
            (date(2025, 1, 7), date(2025, 1, 7), "Новый год"),
            (date(2025, 1, 8), date(2025, 1, 10), "Праздник весны"),
            (date(2025, 5, 2), date(2025, 5, 2), "Короткая пятница"),
        ]
    );
    assert_eq!(region.special_dates()[1].day, Some(DayKind::RegionalHoliday));
    // The base's short Friday is an hour shorter than the region's Friday.
    assert_eq!(hours(&region, date(2025, 5, 2)), ["10:00-14:00"]);
    assert_eq!(hours(&region, date(2025, 4, 1)), [""; 0], "its week is its own as a whole");
    assert_eq!(region.horizon(), Some(date(2025, 12, 31)));
    assert_eq!(region.years().iter().map(|it| it.source.as_str()).collect::<Vec<_>>(), ["Указ главы республики"]);
}

#[test]
fn own_dates_that_cover_all_of_the_bases_leave_nothing_of_them() {
    let cover = "[[calendar.exception]]\nfrom = \"2024-12-30\"\nto = \"2025-01-09\"\nlabel = \"Каникулы\"\n";
    let region = region(cover).unwrap();
    assert_eq!(days(&region)[0], (date(2024, 12, 30), date(2025, 1, 9), "Каникулы"));
    assert_eq!(days(&region).len(), 2);
}

#[test]
fn the_written_text_is_kept_and_gives_the_same_set_back() {
    let one = set(REGION).unwrap();
    let text = one.to_toml().unwrap();
    assert!(text.contains("id = \"region\"\nversion = 1\nzone = \"Asia/Yakutsk\"\nbase = \"country\"\n"), "{text}");
    assert_eq!(text.matches("Новый год").count(), 1, "nothing of the base is copied");
    let copy = PolicySet::from_toml(&[&text]).unwrap();
    assert_eq!(copy, one);
    assert_eq!(copy.to_toml().unwrap(), text);
    let hash = |set: &PolicySet| -> ContentHash { set.content_hash() };
    assert_eq!(hash(&copy), hash(&one));
}

#[test]
fn bases_that_are_missing_or_have_a_base_themselves_are_refused() {
    let missing =
        region("").and_then(|_| set(&REGION.replace("\"country\"", "\"county\"")).map_err(|it| it.to_string()));
    assert_eq!(missing.unwrap_err(), "calendar \"region\": the set has no calendar \"county\" to base it on");
    let itself = set(&REGION.replace("\"country\"", "\"region\"")).unwrap_err();
    assert_eq!(itself.to_string(), "calendar \"region\": its base \"region\" has a base itself");
    let chain = format!("{REGION}{}", REGION.replace("\"region\"", "\"town\"").replace("\"country\"", "\"region\""));
    assert_eq!(set(&chain).unwrap_err().to_string(), "calendar \"town\": its base \"region\" has a base itself");
}

#[test]
fn what_a_region_makes_of_its_base_is_held_to_the_same_rules() {
    for (more, why) in [
        ("horizon = \"2027-12-31\"", "ends on 2027-12-31, and its years end with 2026"),
        ("[calendar.week]\nmonday = [\"09:00-18:00\"]", "\"Короткая пятница\" of 2025-05-02: it would be closed"),
        (
            "[[calendar.exception]]\nfrom = \"2025-03-01\"\nto = \"2025-03-03\"\nlabel = \"Раз\"\n\
             [[calendar.exception]]\nfrom = \"2025-03-03\"\nlabel = \"Два\"",
            "\"Раз\" and \"Два\" overlap",
        ),
        (
            "[[calendar.exception]]\nfrom = \"2025-01-07\"\nto = \"2025-01-03\"\nlabel = \"Раз\"",
            "ends before it begins",
        ),
    ] {
        let refused = region(more).unwrap_err();
        assert!(refused.contains("calendar \"region\"") && refused.contains(why), "{refused}");
    }
}

#[test]
fn a_region_alone_cannot_be_read() {
    let data: CalendarData = toml::from_str(&REGION.replace("[[calendar]]", "")).unwrap();
    let refused = Calendar::try_from(data).unwrap_err().to_string();
    assert!(refused.contains("based on \"country\" and can only be read in a set that has both"), "{refused}");
}
