//! What a new version of a calendar changes.

use deadline::{Calendar, CalendarData, DayKind, Exception, PolicySet};
use jiff::civil::{Date, date};

fn working_days() -> &'static Calendar {
    PolicySet::builtin().calendar("working_days").unwrap()
}

fn edited(edit: impl FnOnce(&mut CalendarData)) -> Calendar {
    let mut data = working_days().data().clone();
    edit(&mut data);
    data.try_into().unwrap()
}

/// One line for a run of dates.
fn told(old: &Calendar, new: &Calendar, first: Date) -> Vec<String> {
    let side = |side: &deadline::DayHours| {
        let hours: Vec<_> = side.hours.intervals().iter().map(ToString::to_string).collect();
        let day = side.day.map_or("-", DayKind::as_str);
        format!("[{}] {day} {}", hours.join(" "), side.label.as_deref().unwrap_or("-"))
    };
    let changes = old.changes(new, first);
    changes.iter().map(|it| format!("{}..{} {} => {}", it.from, it.to, side(&it.old), side(&it.new))).collect()
}

fn off(from: Date, to: Option<Date>) -> Exception {
    let (label, day) = ("Перенос".to_owned(), Some(DayKind::TransferredHoliday));
    Exception { from, to, label, day, like: None, shorter_by: None, hours: deadline::Hours::default() }
}

#[test]
fn a_calendar_differs_in_nothing_from_itself_or_from_other_labels() {
    let relabelled = edited(|data| data.exceptions.iter_mut().for_each(|it| it.label = "Иначе".into()));
    assert_eq!(working_days().changes(working_days(), Date::MIN), []);
    assert_eq!(working_days().changes(&relabelled, Date::MIN), []);
}

/// Version 2 knows sorts of days and earlier years; where both know a date they open at the same hours.
#[test]
fn version_2_of_the_shipped_calendars_changes_no_hours_of_version_1() {
    let [one, two, ..] = PolicySet::shipped() else { panic!("two versions") };
    for calendar in two.calendars() {
        let old = one.calendar(calendar.id()).unwrap();
        assert_eq!(old.changes(calendar, date(2026, 1, 1)), [], "{}", calendar.id());
    }
}

#[test]
fn a_decree_for_2027_shows_as_the_days_that_it_moves() {
    let decree = edited(|data| {
        data.exceptions.retain(|it| it.from != date(2027, 12, 31));
        // Off until Wednesday 13 January; 1 to 8 January are holidays in the old version too.
        data.exceptions.retain(|it| it.from != date(2027, 1, 1));
        data.exceptions.push(off(date(2027, 1, 1), Some(date(2027, 1, 13))));
    });
    let expected = [
        "2027-01-11..2027-01-13 [09:00-18:00] - - => [] transferred_holiday Перенос",
        "2027-12-31..2027-12-31 [09:00-17:00] short_day Предпраздничный день => [09:00-18:00] - -",
    ];
    assert_eq!(told(working_days(), &decree, date(2026, 6, 1)), expected);
    // From the first date of interest on.
    assert_eq!(told(working_days(), &decree, date(2027, 1, 13)).len(), 2);
    assert_eq!(told(working_days(), &decree, date(2027, 1, 14)), expected[1..]);
    // And back.
    assert_eq!(
        told(&decree, working_days(), date(2027, 1, 14)),
        ["2027-12-31..2027-12-31 [09:00-18:00] - - => [09:00-17:00] short_day Предпраздничный день"]
    );
}

#[test]
fn one_closure_of_days_with_different_hours_is_told_by_their_hours() {
    let support = PolicySet::builtin().calendar("support").unwrap();
    let mut data = support.data().clone();
    // Thursday to Sunday of an ordinary week.
    data.exceptions.push(off(date(2026, 3, 12), Some(date(2026, 3, 15))));
    assert_eq!(
        told(support, &data.try_into().unwrap(), date(2026, 1, 1)),
        [
            "2026-03-12..2026-03-13 [09:00-21:00] - - => [] transferred_holiday Перенос",
            "2026-03-14..2026-03-14 [10:00-18:00] - - => [] transferred_holiday Перенос",
            "2026-03-15..2026-03-15 [10:00-16:00] - - => [] transferred_holiday Перенос",
        ]
    );
}

#[test]
fn only_dates_that_both_know_are_compared() {
    let narrow = edited(|data| {
        (data.from, data.horizon) = (Some(date(2025, 12, 29)), Some(date(2026, 1, 13)));
        data.years.retain(|it| (2025..=2026).contains(&it.year));
        // A short Monday of a week without Mondays is refused.
        data.exceptions.retain(|it| (date(2025, 12, 29)..=date(2026, 1, 13)).contains(&it.from));
        data.week.saturday = data.week.monday.clone();
        data.week.monday = deadline::Hours::default();
    });
    let changes = told(working_days(), &narrow, Date::MIN);
    // Saturday 3 and Monday 5 January are holidays in both.
    let expected = [
        "2025-12-29..2025-12-29 [09:00-18:00] - - => [] - -",
        "2026-01-10..2026-01-10 [] - - => [09:00-18:00] - -",
        "2026-01-12..2026-01-12 [09:00-18:00] - - => [] - -",
    ];
    assert_eq!(changes, expected);
}

#[test]
fn calendars_without_a_horizon_are_compared_for_a_year() {
    let phone = PolicySet::builtin().calendar("phone").unwrap();
    let mut data = phone.data().clone();
    data.week.sunday = deadline::Hours::default();
    let changes = phone.changes(&data.try_into().unwrap(), date(2026, 3, 2));
    assert_eq!(changes.len(), 52);
    assert!(changes.iter().all(|it| it.from == it.to && it.new.hours.is_closed()));
    assert_eq!((changes[0].from, changes[51].from), (date(2026, 3, 8), date(2027, 2, 28)));
}
