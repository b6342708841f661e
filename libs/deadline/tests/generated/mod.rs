//! Random calendars, terms and suspensions, and an oracle that knows nothing of the walk.

use deadline::{
    Allowance, Basis, Calendar, CalendarData, Exception, Hours, Interval, Suspension, SuspensionReason, Week,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Zones with every kind of turn: an hour, half an hour (Lord Howe), at midnight (Havana, Beirut), one minute past midnight
/// (St John's until 2011), a skipped date (Apia 2011), a change of zone law (Moscow 2011 and 2014), none at all.
const ZONES: &[&str] = &[
    "Europe/Moscow",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
];

fn hours() -> impl Strategy<Value = Hours> {
    proptest::collection::btree_set(0u16..=24 * 60, 0..7).prop_map(|minutes| {
        let minutes: Vec<u16> = minutes.into_iter().collect();
        let intervals = minutes.chunks_exact(2).map(|pair| Interval::new(pair[0], pair[1]).unwrap()).collect();
        Hours::new(intervals).unwrap()
    })
}

fn week() -> impl Strategy<Value = Week> {
    let days = [hours(), hours(), hours(), hours(), hours(), hours(), hours()];
    days.prop_map(|[monday, tuesday, wednesday, thursday, friday, saturday, sunday]| Week {
        monday,
        tuesday,
        wednesday,
        thursday,
        friday,
        saturday,
        sunday,
    })
    .prop_filter("a week without hours is no calendar", |week| !week.is_closed())
}

/// A calendar in one of `zones` with a few exceptions around `near`.
pub fn calendar_in(zones: &'static [&'static str], near: Date) -> impl Strategy<Value = Calendar> {
    let exceptions = proptest::collection::btree_map(0i32..30, hours(), 0..4);
    (select(zones), week(), exceptions).prop_map(move |(zone, week, exceptions)| {
        let exceptions = exceptions.into_iter().map(|(day, hours)| Exception {
            from: near.checked_add(SignedDuration::from_hours(24 * i64::from(day))).unwrap(),
            to: None,
            label: format!("day {day}"),
            day: None,
            like: None,
            shorter_by: None,
            hours,
        });
        let (id, zone) = ("random".to_owned(), zone.to_owned());
        let (base, from, horizon, years) = (None, None, None, Vec::new());
        CalendarData { id, version: 1, zone, base, from, horizon, years, week, exceptions: exceptions.collect() }
            .try_into()
            .unwrap()
    })
}

/// Instants in years that have turns of every kind.
pub fn instant() -> impl Strategy<Value = Timestamp> {
    let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    // Half of them close to a turn of the clock, where mistakes live.
    prop_oneof![
        second("2009-01-01T00:00:00Z")..second("2028-01-01T00:00:00Z"),
        (
            select(
                &["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2014-10-25T12:00:00Z", "2011-12-29T00:00:00Z"][..]
            ),
            0i64..172_800
        )
            .prop_map(move |(turn, after)| second(turn) + after),
        (
            select(
                &["2026-03-07T20:00:00Z", "2026-10-31T20:00:00Z", "2010-11-06T20:00:00Z", "2010-03-13T20:00:00Z"][..]
            ),
            0i64..172_800
        )
            .prop_map(move |(turn, after)| second(turn) + after),
    ]
    .prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// A calendar and a start near its exceptions.
pub fn calendar_and_start() -> impl Strategy<Value = (Calendar, Timestamp)> {
    instant().prop_flat_map(|start| {
        let near = start.to_zoned(jiff::tz::TimeZone::UTC).date();
        (calendar_in(ZONES, near), Just(start))
    })
}

pub fn allowance() -> impl Strategy<Value = Allowance> {
    let time = |limit: i64| (1..limit).prop_map(SignedDuration::from_secs);
    prop_oneof![
        time(10 * 86_400).prop_map(Allowance::RealTime),
        time(80 * 3_600).prop_map(Allowance::WorkingTime),
        (1u16..8).prop_map(Allowance::WorkingDays),
    ]
}

/// A closed suspension as offset from the start and length, in seconds.
pub fn suspension_after(start: Timestamp) -> impl Strategy<Value = Suspension> {
    (0i64..10 * 86_400, 0i64..3 * 86_400, select(&SuspensionReason::ALL[..])).prop_map(
        move |(after, length, reason)| {
            let from = start + SignedDuration::from_secs(after);
            Suspension { from, to: Some(from + SignedDuration::from_secs(length)), reason }
        },
    )
}

/// Everything a term is computed from; suspensions may overlap, and one may still be open.
#[derive(Clone, Debug)]
pub struct Case {
    pub calendar: Calendar,
    pub start: Timestamp,
    pub allowance: Allowance,
    pub suspensions: Vec<Suspension>,
}

pub fn closed_case() -> impl Strategy<Value = Case> {
    (calendar_and_start(), allowance()).prop_flat_map(|((calendar, start), allowance)| {
        vec(suspension_after(start), 0..4).prop_map(move |suspensions| Case {
            calendar: calendar.clone(),
            start,
            allowance,
            suspensions,
        })
    })
}

pub fn case() -> impl Strategy<Value = Case> {
    closed_case().prop_flat_map(|case| {
        option::weighted(0.4, suspension_after(case.start)).prop_map(move |open| {
            let mut case = case.clone();
            case.suspensions.extend(open.map(|open| Suspension { to: None, ..open }));
            case
        })
    })
}

/// Whether the wall shows an opening hour, told from the wall alone; `None` where the wall shows the time twice and a rule
/// has to choose.
pub fn open_by_the_wall(calendar: &Calendar, at: Timestamp) -> Option<bool> {
    let local = calendar.zone().to_datetime(at);
    if calendar.zone().to_ambiguous_timestamp(local).is_ambiguous() {
        return None;
    }
    let (hours, _) = calendar.hours_on(local.date()).unwrap();
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
    Some(hours.intervals().iter().any(|interval| (interval.from()..interval.to()).contains(&minute)))
}

/// Working time of `[from, to)` counted minute by minute, for zones without turns and instants on whole minutes.
pub fn minutes_by_the_wall(calendar: &Calendar, from: Timestamp, to: Timestamp) -> SignedDuration {
    let minute = SignedDuration::from_mins(1);
    let mut open = 0;
    let mut at = from;
    while at < to {
        open += i64::from(open_by_the_wall(calendar, at) == Some(true));
        at += minute;
    }
    SignedDuration::from_mins(open)
}

/// Counted time without suspensions.
pub fn plain(case: &Case, from: Timestamp, to: Timestamp) -> SignedDuration {
    deadline::elapsed(&case.calendar, case.allowance.basis(), from, to, &[]).unwrap()
}

/// Counted time of the case.
pub fn counted(case: &Case, from: Timestamp, to: Timestamp) -> SignedDuration {
    let basis: Basis = case.allowance.basis();
    deadline::elapsed(&case.calendar, basis, from, to, &case.suspensions).unwrap()
}
