//! Sorts of days: how their hours are written, what comes out, and what is refused.

use deadline::{Allowance, Calendar, CalendarData, Closed, DayKind, Due, Exception, Pin, What, due, explain};
use jiff::{Timestamp, civil::Date};

/// Monday to Friday with a break, Moscow; Saturdays are short and Sundays closed.
const WEEK: &str = r#"
id = "office"
version = 1
zone = "Europe/Moscow"
[week]
monday = ["09:00-13:00", "14:00-18:00"]
tuesday = ["09:00-13:00", "14:00-18:00"]
wednesday = ["09:00-13:00", "14:00-18:00"]
thursday = ["09:00-13:00", "14:00-18:00"]
friday = ["09:00-13:00", "14:00-17:00"]
saturday = ["10:00-12:00"]
"#;

fn with(exceptions: &str) -> Result<Calendar, String> {
    toml::from_str(&format!("{WEEK}\n{exceptions}")).map_err(|error| error.to_string())
}

fn one(fields: &str) -> Result<Calendar, String> {
    with(&format!("[[exception]]\nlabel = \"Особый день\"\n{fields}"))
}

#[track_caller]
fn hours(calendar: &Calendar, date: &str) -> Vec<String> {
    let (hours, _) = calendar.hours_on(date.parse::<Date>().unwrap()).unwrap();
    hours.intervals().iter().map(ToString::to_string).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_short_day_loses_its_end_across_the_break_if_need_be() {
    // 2024-11-01 is a Friday: 09-13 and 14-17.
    for (shorter_by, left) in [
        ("1h", &["09:00-13:00", "14:00-16:00"][..]),
        ("2h59m", &["09:00-13:00", "14:00-14:01"]),
        // Half-open: an interval that is used up is gone, not empty.
        ("3h", &["09:00-13:00"]),
        ("3h 1m", &["09:00-12:59"]),
        ("6h59m", &["09:00-09:01"]),
    ] {
        let calendar =
            one(&format!("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"{shorter_by}\"")).unwrap();
        assert_eq!(hours(&calendar, "2024-11-01"), left, "{shorter_by}");
        assert_eq!(hours(&calendar, "2024-11-08"), ["09:00-13:00", "14:00-17:00"], "the next Friday");
    }
}

#[test]
fn a_working_weekend_has_hours_or_those_of_a_weekday_and_may_be_short() {
    // 2024-11-02 is a Saturday.
    for (fields, open) in [
        ("hours = [\"09:00-11:00\"]", &["09:00-11:00"][..]),
        ("like = \"thursday\"", &["09:00-13:00", "14:00-18:00"]),
        ("like = \"friday\"\nshorter_by = \"1h\"", &["09:00-13:00", "14:00-16:00"]),
    ] {
        let calendar = one(&format!("from = \"2024-11-02\"\nday = \"working_weekend\"\n{fields}")).unwrap();
        assert_eq!(hours(&calendar, "2024-11-02"), open, "{fields}");
    }
    let both = one("from = \"2024-11-02\"\nto = \"2024-11-03\"\nday = \"working_weekend\"\nlike = \"monday\"").unwrap();
    assert_eq!(hours(&both, "2024-11-02"), hours(&both, "2024-11-03"));
}

#[test]
fn a_holiday_of_any_sort_is_closed_or_has_hours_of_its_own() {
    for day in ["holiday", "transferred_holiday", "regional_holiday"] {
        let closed = one(&format!("from = \"2024-11-04\"\nday = \"{day}\"")).unwrap();
        assert_eq!(hours(&closed, "2024-11-04"), [""; 0]);
        let open = one(&format!("from = \"2024-11-04\"\nday = \"{day}\"\nhours = [\"10:00-14:00\"]")).unwrap();
        assert_eq!(hours(&open, "2024-11-04"), ["10:00-14:00"]);
    }
}

#[test]
fn what_contradicts_itself_is_refused_with_its_label_and_date() {
    // Friday 1, Saturday 2, Sunday 3, Monday 4 November 2024.
    for (fields, why) in [
        ("from = \"2024-11-01\"\nday = \"short_day\"", "has shorter_by and nothing else"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nhours = [\"09:00-10:00\"]", "has shorter_by and nothing else"),
        (
            "from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"1h\"\nhours = [\"09:00-10:00\"]",
            "has shorter_by and nothing else",
        ),
        ("from = \"2024-11-02\"\nday = \"short_day\"\nlike = \"friday\"\nshorter_by = \"1h\"", "is a working_weekend"),
        ("from = \"2024-11-01\"\nto = \"2024-11-02\"\nday = \"short_day\"\nshorter_by = \"1h\"", "is one date"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"7h\"", "closed altogether"),
        ("from = \"2024-11-03\"\nday = \"short_day\"\nshorter_by = \"1m\"", "closed altogether"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"30s\"", "whole minutes"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"1h 30s\"", "whole minutes"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"-1h\"", "whole minutes"),
        ("from = \"2024-11-01\"\nday = \"short_day\"\nshorter_by = \"24h\"", "whole minutes"),
        ("from = \"2024-11-02\"\nday = \"working_weekend\"", "has hours, or like"),
        (
            "from = \"2024-11-02\"\nday = \"working_weekend\"\nlike = \"friday\"\nhours = [\"09:00-10:00\"]",
            "has hours, or like",
        ),
        (
            "from = \"2024-11-02\"\nday = \"working_weekend\"\nshorter_by = \"1h\"\nhours = [\"09:00-11:00\"]",
            "has hours, or like",
        ),
        ("from = \"2024-11-02\"\nday = \"working_weekend\"\nlike = \"sunday\"", "closed altogether"),
        ("from = \"2024-11-01\"\nday = \"working_weekend\"\nlike = \"friday\"", "lies on Saturdays and Sundays"),
        (
            "from = \"2024-11-02\"\nto = \"2024-11-04\"\nday = \"working_weekend\"\nlike = \"friday\"",
            "Saturdays and Sundays",
        ),
        ("from = \"2024-11-04\"\nday = \"holiday\"\nlike = \"friday\"", "are for short days"),
        ("from = \"2024-11-04\"\nday = \"holiday\"\nshorter_by = \"1h\"", "are for short days"),
        ("from = \"2024-11-04\"\nlike = \"friday\"", "are for short days"),
        ("from = \"2024-11-04\"\nto = \"2024-11-03\"", "ends before it begins"),
    ] {
        let refused = one(fields).unwrap_err();
        assert!(refused.contains(why), "{fields}: {refused}");
        let date = &fields["from = \"".len()..][..10];
        assert!(refused.contains("Особый день") && refused.contains(date), "{refused}");
    }
    let refused = one("from = \"2024-11-04\"\nday = \"half_day\"").unwrap_err();
    assert!(refused.contains("unknown variant `half_day`"), "{refused}");
    let refused = one("from = \"2024-11-04\"\nday = \"holiday\"\nhors = []").unwrap_err();
    assert!(refused.contains("unknown field `hors`"), "{refused}");
}

#[test]
fn what_is_written_comes_back_as_it_was_written() {
    let calendar =
        one("from = \"2024-11-02\"\nday = \"working_weekend\"\nlike = \"friday\"\nshorter_by = \"60m\"").unwrap();
    let text = toml::to_string(&calendar).unwrap();
    assert!(text.ends_with(
        "[[exception]]\nfrom = \"2024-11-02\"\nlabel = \"Особый день\"\nday = \"working_weekend\"\n\
         like = \"friday\"\nshorter_by = \"1h\"\n"
    ));
    assert_eq!(toml::from_str::<Calendar>(&text).unwrap(), calendar);
    assert_eq!(toml::to_string(&CalendarData::from(calendar)).unwrap(), text);
}

#[test]
fn an_explanation_names_the_sort_of_day() {
    let calendar = with(
        "[[exception]]\nfrom = \"2024-11-01\"\nlabel = \"Санитарный день\"\nhours = [\"09:00-10:00\"]\n\
         [[exception]]\nfrom = \"2024-11-02\"\nlabel = \"Рабочая суббота\"\nday = \"working_weekend\"\nlike = \"friday\"\nshorter_by = \"1h\"\n\
         [[exception]]\nfrom = \"2024-11-04\"\nlabel = \"День народного единства\"\nday = \"holiday\"\n",
    )
    .unwrap();
    // One hour on Friday, six on Saturday, the seventh is the first of Tuesday.
    let (start, eight) = (at("2024-11-01T09:00:00+03"), Allowance::WorkingTime(jiff::SignedDuration::from_hours(8)));
    assert_eq!(due(&calendar, start, eight, &[]), Ok(Due::At(at("2024-11-05T10:00:00+03"))));
    let told = explain(Pin { id: "by_hand".into(), version: 1 }, &calendar, start, eight, &[]).unwrap();
    let closed: Vec<_> = told
        .spans
        .iter()
        .filter_map(|span| match &span.what {
            What::Closed(closed) => Some((closed.day(), closed.label())),
            _ => None,
        })
        .collect();
    let saturday = (Some(DayKind::WorkingWeekend), Some("Рабочая суббота"));
    assert_eq!(
        closed,
        [
            (None, Some("Санитарный день")),
            // Until nine, during the break, and from four in the afternoon.
            saturday,
            saturday,
            saturday,
            (None, None),
            (Some(DayKind::Holiday), Some("День народного единства")),
            (None, None),
        ]
    );
    let holiday = Closed::Day { day: DayKind::Holiday, label: "День народного единства".into() };
    assert!(told.spans.iter().any(|span| span.what == What::Closed(holiday.clone())));
}

#[test]
fn an_exception_built_in_code_is_held_to_the_same_rules() {
    let mut data = with("").unwrap().data().clone();
    data.exceptions.push(Exception {
        from: "2024-11-06".parse().unwrap(),
        to: None,
        label: "Короткая среда".into(),
        day: Some(DayKind::ShortDay),
        like: None,
        shorter_by: Some(jiff::SignedDuration::from_hours(9)),
        hours: deadline::Hours::default(),
    });
    let refused = Calendar::try_from(data).unwrap_err().to_string();
    assert_eq!(
        refused,
        "calendar \"office\": the short_day \"Короткая среда\" of 2024-11-06: it would be closed altogether"
    );
}
