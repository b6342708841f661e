//! The shipped production calendars against the official figures and the law's own rules.

use deadline::{Allowance, Calendar, DayKind, Due, Pin, PolicySet, due, explain};
use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, Weekday, date},
};

/// Year, working days, hours of a 40-hour week, short days: the Ministry of Labour's norms for the years with a decree.
const NORMS: [(i16, usize, usize, usize); 3] = [(2024, 248, 1979, 5), (2025, 247, 1972, 4), (2026, 247, 1972, 4)];

fn working_days() -> &'static Calendar {
    PolicySet::builtin().calendar("working_days").unwrap()
}

fn support() -> &'static Calendar {
    PolicySet::builtin().calendar("support").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[track_caller]
fn check(start: &str, allowance: Allowance, expected: &str) {
    assert_eq!(due(working_days(), at(start), allowance, &[]), Ok(Due::At(at(expected))));
}

fn days_of(year: i16) -> impl Iterator<Item = Date> {
    date(year, 1, 1).series(Span::new().days(1)).take_while(move |day| day.year() == year)
}

/// Dates that are worked, and those of them that close at 17:00 and not at 18:00.
fn worked(calendar: &Calendar, year: i16) -> (Vec<Date>, Vec<Date>) {
    let worked: Vec<Date> = days_of(year).filter(|day| !calendar.hours_on(*day).unwrap().0.is_closed()).collect();
    let closes_early = |day: &&Date| calendar.hours_on(**day).unwrap().0.intervals()[0].to() == 17 * 60;
    let short = worked.iter().filter(closes_early).copied().collect();
    (worked, short)
}

#[test]
fn every_year_with_a_decree_has_its_official_number_of_days_and_hours() {
    for (year, days, hours, short_days) in NORMS {
        let (worked, short) = worked(working_days(), year);
        // Nine hours from 09:00 to 18:00 are the law's eight and a break.
        let counted = 8 * worked.len() - short.len();
        assert_eq!((worked.len(), short.len(), counted), (days, short_days, hours), "{year}");
    }
}

/// So that a wrong date and its opposite can't make up for each other in the counts.
#[test]
fn short_days_and_worked_saturdays_are_those_of_the_decrees() {
    let short = |year| worked(working_days(), year).1;
    let on = |year, days: &[(i8, i8)]| days.iter().map(|(month, day)| date(year, *month, *day)).collect::<Vec<_>>();
    assert_eq!(short(2024), on(2024, &[(2, 22), (3, 7), (5, 8), (6, 11), (11, 2)]));
    assert_eq!(short(2025), on(2025, &[(3, 7), (4, 30), (6, 11), (11, 1)]));
    assert_eq!(short(2026), on(2026, &[(4, 30), (5, 8), (6, 11), (11, 3)]));

    let weekend = |day: &Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let saturdays = |year| worked(working_days(), year).0.into_iter().filter(weekend).collect::<Vec<_>>();
    assert_eq!(saturdays(2024), on(2024, &[(4, 27), (11, 2), (12, 28)]));
    assert_eq!(saturdays(2025), on(2025, &[(11, 1)]));
    assert_eq!((saturdays(2026), saturdays(2027)), (vec![], vec![]));

    let off = |year| {
        let worked = worked(working_days(), year).0;
        days_of(year)
            .filter(|day| !weekend(day) && !worked.contains(day))
            .filter(|day| day.month() > 1)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        off(2024),
        on(2024, &[(2, 23), (3, 8), (4, 29), (4, 30), (5, 1), (5, 9), (5, 10), (6, 12), (11, 4), (12, 30), (12, 31)])
    );
    assert_eq!(off(2025), on(2025, &[(5, 1), (5, 2), (5, 8), (5, 9), (6, 12), (6, 13), (11, 3), (11, 4), (12, 31)]));
    assert_eq!(off(2026), on(2026, &[(2, 23), (3, 9), (5, 1), (5, 11), (6, 12), (11, 4), (12, 31)]));
}

#[test]
fn every_special_date_lies_on_a_weekday_that_its_sort_demands() {
    for calendar in [working_days(), support()] {
        for special in calendar.special_dates() {
            let dates = special.from.series(Span::new().days(1)).take_while(|date| *date <= special.to);
            let mut weekend = dates.map(|date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
            let fits = match special.day {
                Some(DayKind::TransferredHoliday) => weekend.all(|it| !it),
                Some(DayKind::WorkingWeekend) => weekend.all(|it| it),
                Some(DayKind::ShortDay) => weekend.all(|it| !it) && !special.hours.is_closed(),
                // Holidays of the law have fixed dates; on a weekend they are holidays all the same.
                Some(DayKind::Holiday) => is_holiday_by_law(special.from) && is_holiday_by_law(special.to),
                Some(DayKind::RegionalHoliday) | None => false,
            };
            assert!(fits, "{} {} {:?}", calendar.id(), special.from, special.day);
        }
    }
}

/// Labour Code, art. 112.
fn is_holiday_by_law(day: Date) -> bool {
    let fixed = [(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)];
    (day.month() == 1 && day.day() <= 8) || fixed.contains(&(day.month(), day.day()))
}

#[test]
fn every_holiday_by_law_is_one_in_both_calendars() {
    for year in 2024..=2027 {
        for day in days_of(year).filter(|day| is_holiday_by_law(*day)) {
            for calendar in [working_days(), support()] {
                let sort = calendar.day(day).unwrap().1.and_then(|special| special.day);
                // 8 May 2025 and the like are days off in place of another; a holiday itself is never moved away.
                assert_eq!(sort, Some(DayKind::Holiday), "{} {day}", calendar.id());
            }
        }
    }
}

/// Art. 95: the working day just before a holiday is an hour shorter. Not the one before a day off that was moved.
#[test]
fn a_worked_day_just_before_a_holiday_is_short_and_no_other_is() {
    for year in 2024..=2027 {
        let (worked, short) = worked(working_days(), year);
        let before = worked.into_iter().filter(|day| is_holiday_by_law(day.tomorrow().unwrap()));
        // 2 November 2024 and 1 November 2025 are Saturdays before the 4th with only days off in between.
        let by_law: Vec<Date> = before.collect();
        let rest: Vec<Date> = short.iter().filter(|day| !by_law.contains(day)).copied().collect();
        let expected = match year {
            2024 => vec![date(2024, 11, 2)],
            2025 => vec![date(2025, 11, 1)],
            _ => vec![],
        };
        assert_eq!(rest, expected);
        assert!(by_law.iter().all(|day| short.contains(day)), "{year}: {by_law:?}");
    }
}

#[test]
fn the_two_calendars_agree_on_which_dates_are_special() {
    let dates = |calendar: &'static Calendar| {
        let special = calendar.special_dates().iter().filter(|it| it.day != Some(DayKind::ShortDay));
        special.map(|it| (it.from, it.to, it.label.as_str(), it.day)).collect::<Vec<_>>()
    };
    assert_eq!(dates(working_days()), dates(support()));
}

#[test]
fn years_name_their_decrees_and_only_2027_waits_for_one() {
    for calendar in [working_days(), support()] {
        let told: Vec<_> = calendar.years().iter().map(|it| (it.year, it.provisional)).collect();
        assert_eq!(told, [(2024, false), (2025, false), (2026, false), (2027, true)]);
        for (year, decree) in [(2024, "№ 1314"), (2025, "№ 1335"), (2026, "№ 1466"), (2027, "Трудовой кодекс")]
        {
            assert!(calendar.year(year).unwrap().source.contains(decree), "{year}");
        }
        assert_eq!((calendar.from(), calendar.horizon()), (Some(date(2024, 1, 1)), Some(date(2027, 12, 31))));
        assert_eq!(calendar.horizon_end(), Some("2028-01-01T00:00:00+03".parse().unwrap()));
    }
}

#[test]
fn a_worked_saturday_is_a_working_day_and_may_be_an_hour_short() {
    let term = |start, expected| check(start, Allowance::WorkingDays(1), expected);
    // Friday 26 April 2024, then Saturday 27 that is worked for Monday 29; after it five days off.
    term("2024-04-26T12:00:00+03", "2024-04-27T18:00:00+03");
    term("2024-04-27T12:00:00+03", "2024-05-02T18:00:00+03");
    // Saturday 2 November 2024 and Saturday 1 November 2025 are worked and end an hour earlier.
    term("2024-11-01T12:00:00+03", "2024-11-02T17:00:00+03");
    term("2025-10-31T12:00:00+03", "2025-11-01T17:00:00+03");
    term("2025-11-01T12:00:00+03", "2025-11-05T18:00:00+03");
    // Wednesday 7 May 2025 is not short: Thursday 8 is off in place of 23 February and no holiday itself.
    check("2025-05-07T17:00:00+03", Allowance::WorkingTime(SignedDuration::from_hours(2)), "2025-05-12T10:00:00+03");
}

#[test]
fn the_shipped_calendar_knows_nothing_before_2024() {
    let refused = due(working_days(), at("2023-12-31T12:00:00+03"), Allowance::WorkingDays(1), &[]).unwrap_err();
    assert_eq!(refused.to_string(), "calendar \"working_days\" is known from 2024-01-01 only");
    check("2024-01-01T00:00:00+03", Allowance::WorkingDays(1), "2024-01-09T18:00:00+03");
}

#[test]
fn a_term_into_2027_is_provisional() {
    let pin = || Pin { id: "by_hand".into(), version: 1 };
    let told = |start| explain(pin(), working_days(), at(start), Allowance::WorkingDays(10), &[]).unwrap().provisional;
    assert_eq!(told("2026-12-14T12:00:00+03"), [0; 0], "due on 28 December 2026");
    assert_eq!(told("2026-12-28T12:00:00+03"), [2027]);
}
