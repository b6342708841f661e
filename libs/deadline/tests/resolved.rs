//! What comes out of what is written, for every short day and every region, told a second time minute by minute and date by
//! date.

use std::collections::BTreeSet;

use deadline::{Calendar, CalendarData, DayKind, DayName, Exception, Hours, Interval, PolicySet, Week};
use jiff::{
    SignedDuration, Span,
    civil::{Date, date},
};
use proptest::{collection::btree_set, prelude::*};

/// Friday 1 November 2024; the dates below are counted from it.
const FIRST: Date = date(2024, 11, 1);

fn day(number: i32) -> Date {
    FIRST.checked_add(Span::new().days(number)).unwrap()
}

fn exception(from: Date, to: Option<Date>, label: String) -> Exception {
    let (day, like, shorter_by, hours) = (None, None, None, Hours::default());
    Exception { from, to, label, day, like, shorter_by, hours }
}

fn data(id: &str, week: Week, exceptions: Vec<Exception>) -> CalendarData {
    let (id, zone) = (id.to_owned(), "Europe/Moscow".to_owned());
    let (base, from, horizon, years) = (None, None, None, Vec::new());
    CalendarData { id, version: 1, zone, base, from, horizon, years, week, exceptions }
}

fn open_day() -> impl Strategy<Value = Hours> {
    btree_set(0u16..=24 * 60, 2..9).prop_map(|minutes| {
        let minutes: Vec<u16> = minutes.into_iter().collect();
        let intervals = minutes.chunks_exact(2).map(|pair| Interval::new(pair[0], pair[1]).unwrap()).collect();
        Hours::new(intervals).unwrap()
    })
}

fn minutes(hours: &Hours) -> Vec<u16> {
    hours.intervals().iter().flat_map(|interval| interval.from()..interval.to()).collect()
}

/// Runs of dates that do not meet: starts and ends by turns.
fn runs() -> impl Strategy<Value = Vec<(i32, i32)>> {
    btree_set(0i32..40, 0..9).prop_map(|edges| {
        let edges: Vec<i32> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| (pair[0], pair[1] - 1)).collect()
    })
}

/// A set whose region has the base's dates and its own; a week that is open every day tells special dates by their being closed.
fn region(base: &[(i32, i32)], own: &[(i32, i32)]) -> PolicySet {
    #[derive(serde::Serialize)]
    struct Document {
        version: u32,
        calendar: Vec<CalendarData>,
    }
    let named = |runs: &[(i32, i32)], whose: &str| -> Vec<Exception> {
        let runs = runs
            .iter()
            .map(|(from, to)| exception(day(*from), (to > from).then(|| day(*to)), format!("{whose} {from}..{to}")));
        runs.collect()
    };
    let all_day = || Hours::new(vec!["09:00-18:00".parse().unwrap()]).unwrap();
    let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = std::array::from_fn(|_| all_day());
    let week = Week { monday, tuesday, wednesday, thursday, friday, saturday, sunday };
    let region = CalendarData { base: Some("base".into()), ..data("region", Week::default(), named(own, "own")) };
    let document = Document { version: 1, calendar: vec![region, data("base", week, named(base, "base"))] };
    let plan = "calendar = \"region\"\nallowance = { working = \"8h\" }\nwarn_percent = 75\npauses = []\nladder = []\n";
    let policy = format!(
        "[[policy]]\nid = \"everything\"\nversion = 1\norder = 1\nday_convention = \"next_day_to_closing\"\n\
         [policy.first_answer]\n{plan}[policy.resolution]\n{plan}"
    );
    PolicySet::from_toml(&[&toml::to_string(&document).unwrap(), &policy]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_short_day_is_its_weekday_without_its_last_minutes(friday in open_day(), shorter in 1u16..1_440, saturday in any::<bool>()) {
        let left = minutes(&friday).len().checked_sub(shorter.into()).filter(|left| *left > 0);
        let mut short = exception(day(i32::from(saturday)), None, "короткий".into());
        short.shorter_by = Some(SignedDuration::from_mins(shorter.into()));
        short.day = Some(if saturday { DayKind::WorkingWeekend } else { DayKind::ShortDay });
        short.like = saturday.then_some(DayName::Friday);
        let from = short.from;
        let calendar = Calendar::try_from(data("short", Week { friday: friday.clone(), ..Week::default() }, vec![short]));
        match left {
            None => prop_assert!(calendar.unwrap_err().to_string().contains("closed altogether")),
            Some(left) => {
                let calendar = calendar.unwrap();
                let (hours, _) = calendar.hours_on(from).unwrap();
                prop_assert_eq!(minutes(hours), &minutes(&friday)[..left]);
            }
        }
    }

    #[test]
    fn a_date_of_a_region_is_its_own_or_else_its_bases((base, own) in (runs(), runs())) {
        let set = region(&base, &own);
        let (region, text) = (set.calendar("region").unwrap(), set.to_toml().unwrap());
        for number in -1..42 {
            let covers = |runs: &[(i32, i32)]| runs.iter().copied().find(|(from, to)| (*from..=*to).contains(&number));
            let expected = match (covers(&own), covers(&base)) {
                (Some((from, to)), _) => Some(format!("own {from}..{to}")),
                (None, Some((from, to))) => Some(format!("base {from}..{to}")),
                (None, None) => None,
            };
            let (hours, label) = region.hours_on(day(number)).unwrap();
            prop_assert_eq!(label, expected.as_deref(), "{}", day(number));
            prop_assert_eq!(hours.is_closed(), expected.is_some());
        }
        let dates = region.special_dates();
        prop_assert!(dates.iter().all(|it| it.from <= it.to));
        prop_assert!(dates.windows(2).all(|pair| pair[0].to < pair[1].from));
        let written: BTreeSet<_> = text.lines().filter(|line| line.starts_with("label")).collect();
        prop_assert_eq!(written.len(), base.len() + own.len());
        prop_assert_eq!(&PolicySet::from_toml(&[&text]).unwrap(), &set);
    }

    /// What a dry run shows is every date that differs and no other.
    #[test]
    fn changes_are_the_dates_that_differ((old, new) in (runs(), runs())) {
        let (old, new) = (region(&old, &[]), region(&[], &new));
        let (old, new) = (old.calendar("region").unwrap(), new.calendar("region").unwrap());
        let changes = old.changes(new, day(-1));
        for number in -1..42 {
            let hours = |calendar: &Calendar| calendar.hours_on(day(number)).unwrap().0.clone();
            let change: Vec<_> = changes.iter().filter(|it| it.from <= day(number) && day(number) <= it.to).collect();
            match hours(old) == hours(new) {
                true => prop_assert!(change.is_empty()),
                false => {
                    prop_assert_eq!(change.len(), 1);
                    prop_assert_eq!((&change[0].old.hours, &change[0].new.hours), (&hours(old), &hours(new)));
                }
            }
        }
    }
}
