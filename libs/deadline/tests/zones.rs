//! Working time by other walls, across turns of the clock and changes of zone law. Every instant is computed by hand: the
//! comment says what the wall did, the numbers are offsets from UTC.

use deadline::{Allowance, Basis, Calendar, Due, Pin, PolicySet, due, elapsed, explain};
use jiff::{SignedDuration, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A calendar with the same hours on every weekday.
fn daily(zone: &str, opening: &str) -> Calendar {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week: String = days.map(|day| format!("{day} = [\"{opening}\"]\n")).concat();
    toml::from_str(&format!("id = \"daily\"\nversion = 1\nzone = \"{zone}\"\n[week]\n{week}")).unwrap()
}

fn working_days() -> &'static Calendar {
    PolicySet::builtin().calendar("working_days").unwrap()
}

#[track_caller]
fn check(calendar: &Calendar, start: &str, allowance: Allowance, expected: &str) {
    assert_eq!(due(calendar, at(start), allowance, &[]), Ok(Due::At(at(expected))));
}

/// The length of a local day, open round the clock, from its first instant to that of the next.
#[track_caller]
fn day_lasts(zone: &str, from: &str, to: &str, expected: i64) {
    assert_eq!(elapsed(&daily(zone, "00:00-24:00"), Basis::Working, at(from), at(to), &[]), Ok(hours(expected)));
    // And as a term: it is due at the end of the day, not 24 hours after.
    check(&daily(zone, "00:00-24:00"), from, Allowance::WorkingTime(hours(expected)), to);
}

#[test]
fn berlin_turns_its_clocks_twice_a_year_and_opens_at_nine_all_the_same() {
    // 29 March 2026: 02:00 +01 becomes 03:00 +02, at 01:00 UTC. 25 October 2026: 03:00 +02 becomes 02:00 +01, at 01:00 UTC.
    day_lasts("Europe/Berlin", "2026-03-29T00:00:00+01", "2026-03-30T00:00:00+02", 23);
    day_lasts("Europe/Berlin", "2026-10-25T00:00:00+02", "2026-10-26T00:00:00+01", 25);
    let office = daily("Europe/Berlin", "09:00-17:00");
    // 16:00 +01 is 15:00 UTC; an hour that day, then one from 09:00 +02 = 07:00 UTC.
    check(&office, "2026-03-28T16:00:00+01", Allowance::WorkingTime(hours(2)), "2026-03-29T08:00:00Z");
    // 16:00 +02 is 14:00 UTC; an hour that day, then one from 09:00 +01 = 08:00 UTC.
    check(&office, "2026-10-24T16:00:00+02", Allowance::WorkingTime(hours(2)), "2026-10-25T09:00:00Z");
    // Closing at 17:00 is 16:00 UTC in winter and 15:00 UTC in summer.
    check(&office, "2026-03-27T12:00:00+01", Allowance::WorkingDays(1), "2026-03-28T16:00:00Z");
    check(&office, "2026-03-27T12:00:00+01", Allowance::WorkingDays(2), "2026-03-29T15:00:00Z");
    check(&office, "2026-10-23T12:00:00+02", Allowance::WorkingDays(2), "2026-10-25T16:00:00Z");
}

#[test]
fn a_night_shift_in_berlin_is_an_hour_longer_in_autumn() {
    // 25 October 2026: 02:00-03:00 comes twice, first at +02 (00:00 UTC), then at +01 (01:00 UTC).
    let night = daily("Europe/Berlin", "01:00-04:00");
    check(&night, "2026-10-25T00:00:00+02", Allowance::WorkingTime(hours(4)), "2026-10-25T04:00:00+01");
    check(&night, "2026-10-24T00:00:00+02", Allowance::WorkingTime(hours(4)), "2026-10-25T02:00:00+02");
    // A start in the second 02:30 has an hour and a half left; one in the first has two and a half.
    check(
        &night,
        "2026-10-25T02:30:00+01",
        Allowance::WorkingTime(SignedDuration::from_mins(90)),
        "2026-10-25T04:00:00+01",
    );
    check(
        &night,
        "2026-10-25T02:30:00+02",
        Allowance::WorkingTime(SignedDuration::from_mins(150)),
        "2026-10-25T04:00:00+01",
    );
}

#[test]
fn new_york_turns_on_other_dates_than_berlin() {
    // 8 March 2026: 02:00 -05 becomes 03:00 -04. 1 November 2026: 02:00 -04 becomes 01:00 -05.
    day_lasts("America/New_York", "2026-03-08T00:00:00-05", "2026-03-09T00:00:00-04", 23);
    day_lasts("America/New_York", "2026-11-01T00:00:00-04", "2026-11-02T00:00:00-05", 25);
    let office = daily("America/New_York", "09:00-17:00");
    // 16:00 -05 is 21:00 UTC; an hour, then one from 09:00 -04 = 13:00 UTC.
    check(&office, "2026-03-07T16:00:00-05", Allowance::WorkingTime(hours(2)), "2026-03-08T14:00:00Z");
    // 16:00 -04 is 20:00 UTC; an hour, then one from 09:00 -05 = 14:00 UTC.
    check(&office, "2026-10-31T16:00:00-04", Allowance::WorkingTime(hours(2)), "2026-11-01T15:00:00Z");
}

#[test]
fn kamchatka_left_its_zone_in_2010_and_took_summer_time_for_good_in_2011() {
    let office = daily("Asia/Kamchatka", "09:00-18:00");
    // 28 March 2010: at 02:00 +12 clocks went on to summer time, but the zone fell back by one hour: they showed 02:00
    // +12 again. No turn: the day has 24 hours, and six o'clock in the evening stays 06:00 UTC.
    day_lasts("Asia/Kamchatka", "2010-03-28T00:00:00+12", "2010-03-29T00:00:00+12", 24);
    check(&office, "2010-03-27T12:00:00+12", Allowance::WorkingDays(2), "2010-03-29T06:00:00Z");
    // 31 October 2010: 03:00 +12 became 02:00 +11, the end of summer time. 18:00 +11 is 07:00 UTC.
    day_lasts("Asia/Kamchatka", "2010-10-31T00:00:00+12", "2010-11-01T00:00:00+11", 25);
    check(&office, "2010-10-30T12:00:00+12", Allowance::WorkingDays(1), "2010-10-31T07:00:00Z");
    // 27 March 2011: 02:00 +11 became 03:00 +12, for good. 18:00 +12 is 06:00 UTC.
    day_lasts("Asia/Kamchatka", "2011-03-27T00:00:00+11", "2011-03-28T00:00:00+12", 23);
    check(&office, "2011-03-26T12:00:00+11", Allowance::WorkingDays(1), "2011-03-27T06:00:00Z");
    // No turn in the autumn of 2011, and none in October 2014, when most of the country put its clocks back.
    day_lasts("Asia/Kamchatka", "2011-10-30T00:00:00+12", "2011-10-31T00:00:00+12", 24);
    day_lasts("Asia/Kamchatka", "2014-10-26T00:00:00+12", "2014-10-27T00:00:00+12", 24);
}

#[test]
fn moscow_took_summer_time_for_good_in_2011_and_winter_time_in_2014() {
    let office = daily("Europe/Moscow", "09:00-18:00");
    // 27 March 2011: 02:00 +03 became 03:00 +04. 18:00 is 15:00 UTC the day before and 14:00 UTC that day.
    day_lasts("Europe/Moscow", "2011-03-27T00:00:00+03", "2011-03-28T00:00:00+04", 23);
    check(&office, "2011-03-25T12:00:00+03", Allowance::WorkingDays(1), "2011-03-26T15:00:00Z");
    check(&office, "2011-03-25T12:00:00+03", Allowance::WorkingDays(2), "2011-03-27T14:00:00Z");
    // In the autumn of 2011, for the first time, nothing was put back.
    day_lasts("Europe/Moscow", "2011-10-30T00:00:00+04", "2011-10-31T00:00:00+04", 24);
    // 26 October 2014: 02:00 +04 became 01:00 +03. 18:00 is 14:00 UTC the day before and 15:00 UTC that day.
    day_lasts("Europe/Moscow", "2014-10-26T00:00:00+04", "2014-10-27T00:00:00+03", 25);
    check(&office, "2014-10-24T12:00:00+04", Allowance::WorkingDays(1), "2014-10-25T14:00:00Z");
    check(&office, "2014-10-24T12:00:00+04", Allowance::WorkingDays(2), "2014-10-26T15:00:00Z");
    // The last turn so far.
    day_lasts("Europe/Moscow", "2015-03-29T00:00:00+03", "2015-03-30T00:00:00+03", 24);
}

#[test]
fn samara_changed_its_zone_without_a_turn_of_the_wall_and_magadan_by_two_hours() {
    // Samara, 28 March 2010: +04 to Moscow's +03 on the day of summer time; the wall showed no change. It stayed at +04 in
    // 2014, when Moscow's clocks were put back from +04 to +03.
    day_lasts("Europe/Samara", "2010-03-28T00:00:00+04", "2010-03-29T00:00:00+04", 24);
    day_lasts("Europe/Samara", "2014-10-26T00:00:00+04", "2014-10-27T00:00:00+04", 24);
    // Magadan, 26 October 2014: 02:00 +12 became 00:00 +10; 24 April 2016: 02:00 +10 became 03:00 +11.
    day_lasts("Asia/Magadan", "2014-10-26T00:00:00+12", "2014-10-27T00:00:00+10", 26);
    day_lasts("Asia/Magadan", "2016-04-24T00:00:00+10", "2016-04-25T00:00:00+11", 23);
    let office = daily("Asia/Magadan", "09:00-18:00");
    // 17:00 +12 is 05:00 UTC; an hour, then one from 09:00 +10 = 23:00 UTC of the same date.
    check(&office, "2014-10-25T17:00:00+12", Allowance::WorkingTime(hours(2)), "2014-10-26T00:00:00Z");
}

#[test]
fn the_same_hours_by_the_wall_of_another_zone() {
    let kamchatka = working_days().in_zone("Asia/Kamchatka").unwrap();
    // 18:00 in Kamchatka (+12) is 09:00 in Moscow; a filing at 23:00 in Moscow is filed on the next day there.
    check(&kamchatka, "2026-03-02T12:00:00+12", Allowance::WorkingDays(1), "2026-03-03T18:00:00+12");
    check(&kamchatka, "2026-03-02T23:00:00+03", Allowance::WorkingDays(1), "2026-03-04T18:00:00+12");
    check(working_days(), "2026-03-02T23:00:00+03", Allowance::WorkingDays(1), "2026-03-03T18:00:00+03");
    // Holidays are those of the dates there: 23 February, a Monday, is over nine hours earlier.
    check(&kamchatka, "2026-02-23T16:00:00+03", Allowance::WorkingTime(hours(1)), "2026-02-24T10:00:00+12");
    assert_eq!(kamchatka.horizon_end(), Some(at("2028-01-01T00:00:00+12")));

    let pin = Pin { id: "by_hand".into(), version: 1 };
    let told = explain(pin, &kamchatka, at("2026-03-02T12:00:00+12"), Allowance::WorkingDays(1), &[]).unwrap();
    assert_eq!((told.zone.as_str(), told.calendar.id.as_str()), ("Asia/Kamchatka", "working_days"));
    assert_eq!(kamchatka.in_zone("Europe/Moscow").as_ref(), Ok(working_days()), "and back");
    let refused = working_days().in_zone("Asia/Atlantis").unwrap_err().to_string();
    assert_eq!(
        refused,
        "calendar \"working_days\": the time zone \"Asia/Atlantis\" is not in the compiled-in database"
    );
}
