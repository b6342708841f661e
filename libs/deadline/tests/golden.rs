//! Cases computed by hand, across the turns of the clock, holidays and short days.

use deadline::{
    Allowance, Calendar, Closed, DayKind, Due, Pin, PolicySet, Refused, RungKind, Suspension, SuspensionReason, What,
    due, elapsed, explain,
};
use jiff::{SignedDuration, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A calendar with the same hours on every weekday.
fn daily(zone: &str, opening: &str) -> Calendar {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week: String = days.map(|day| format!("{day} = [{opening}]\n")).concat();
    let text = format!("id = \"daily\"\nversion = 1\nzone = \"{zone}\"\n[week]\n{week}");
    toml::from_str(&text).unwrap()
}

fn support() -> &'static Calendar {
    PolicySet::builtin().calendar("support").unwrap()
}

fn working_days() -> &'static Calendar {
    PolicySet::builtin().calendar("working_days").unwrap()
}

#[track_caller]
fn check(calendar: &Calendar, start: &str, allowance: Allowance, expected: &str) {
    assert_eq!(due(calendar, at(start), allowance, &[]), Ok(Due::At(at(expected))));
}

fn suspended(from: &str, to: Option<&str>) -> Suspension {
    Suspension { from: at(from), to: to.map(at), reason: SuspensionReason::AwaitingApplicant }
}

#[test]
fn thirty_minutes_of_real_time_at_night_and_on_a_holiday() {
    check(support(), "2026-01-01T03:10:00+03", Allowance::RealTime(minutes(30)), "2026-01-01T03:40:00+03");
}

#[test]
fn real_time_passes_the_horizon_and_turns_of_the_clock() {
    check(support(), "2027-12-31T23:50:00+03", Allowance::RealTime(minutes(30)), "2028-01-01T00:20:00+03");
    let berlin = daily("Europe/Berlin", "\"09:00-17:00\"");
    check(&berlin, "2026-03-28T12:00:00+01", Allowance::RealTime(hours(24)), "2026-03-29T13:00:00+02");
}

#[test]
fn a_spring_day_in_berlin_is_an_hour_shorter() {
    // 29 March 2026, 02:00 becomes 03:00.
    let calendar = daily("Europe/Berlin", "\"00:00-06:00\"");
    check(&calendar, "2026-03-29T00:00:00+01", Allowance::WorkingTime(hours(4)), "2026-03-29T05:00:00+02");
    check(&calendar, "2026-03-29T00:00:00+01", Allowance::WorkingTime(hours(6)), "2026-03-30T01:00:00+02");
}

#[test]
fn an_interval_inside_the_gap_is_empty_that_day() {
    let calendar = daily("Europe/Berlin", "\"02:15-02:45\", \"10:00-11:00\"");
    check(&calendar, "2026-03-29T00:00:00+01", Allowance::WorkingTime(minutes(30)), "2026-03-29T10:30:00+02");
    check(&calendar, "2026-03-30T00:00:00+02", Allowance::WorkingTime(minutes(30)), "2026-03-30T02:45:00+02");
}

#[test]
fn an_interval_that_ends_in_the_gap_ends_at_the_jump() {
    let calendar = daily("Europe/Berlin", "\"01:00-02:30\"");
    check(&calendar, "2026-03-29T00:00:00+01", Allowance::WorkingTime(hours(1)), "2026-03-29T03:00:00+02");
}

#[test]
fn an_autumn_night_in_new_york_is_an_hour_longer() {
    // 1 November 2026, 02:00 becomes 01:00.
    let calendar = daily("America/New_York", "\"00:00-04:00\"");
    check(&calendar, "2026-11-01T00:00:00-04", Allowance::WorkingTime(hours(5)), "2026-11-01T04:00:00-05");
    // 01:30 comes twice; the interval from 01:30 begins at the first.
    let calendar = daily("America/New_York", "\"01:30-03:00\"");
    check(&calendar, "2026-11-01T00:00:00-04", Allowance::WorkingTime(hours(2)), "2026-11-01T02:30:00-05");
}

#[test]
fn working_days_end_at_the_local_closing_time_on_both_sides_of_the_turn() {
    let calendar = daily("America/New_York", "\"09:00-17:00\"");
    check(&calendar, "2026-03-06T10:00:00-05", Allowance::WorkingDays(1), "2026-03-07T17:00:00-05");
    check(&calendar, "2026-03-06T10:00:00-05", Allowance::WorkingDays(2), "2026-03-08T17:00:00-04");
}

#[test]
fn moscow_in_2014_left_summer_time_for_good() {
    // 26 October 2014, 02:00 +04 becomes 01:00 +03; nine o'clock is an hour later in UTC from then on.
    let calendar = daily("Europe/Moscow", "\"09:00-18:00\"");
    check(&calendar, "2014-10-25T17:00:00+04", Allowance::WorkingTime(hours(2)), "2014-10-26T10:00:00+03");
    assert_eq!(
        elapsed(
            &daily("Europe/Moscow", "\"00:00-24:00\""),
            deadline::Basis::Working,
            at("2014-10-26T00:00:00+04"),
            at("2014-10-27T00:00:00+03"),
            &[]
        ),
        Ok(hours(25))
    );
}

#[test]
fn a_date_that_never_was_has_no_working_time() {
    // Samoa skipped 30 December 2011.
    let calendar = daily("Pacific/Apia", "\"09:00-17:00\"");
    check(&calendar, "2011-12-29T16:00:00-10", Allowance::WorkingTime(hours(2)), "2011-12-31T10:00:00+14");
    check(&calendar, "2011-12-29T16:00:00-10", Allowance::WorkingDays(1), "2011-12-31T17:00:00+14");
}

#[test]
fn clocks_that_fall_back_across_midnight_do_not_close_what_has_opened() {
    // St John's, 7 November 2010: 00:01 becomes 23:01 of the day before. The interval from 00:00 has begun by then.
    let calendar = daily("America/St_Johns", "\"00:00-00:30\"");
    check(&calendar, "2010-11-06T23:30:00-03:30", Allowance::WorkingTime(minutes(45)), "2010-11-07T00:15:00-03:30");
    check(&calendar, "2010-11-06T12:00:00-02:30", Allowance::WorkingTime(minutes(90)), "2010-11-07T00:30:00-03:30");
}

#[test]
fn support_hours_over_a_night_and_a_weekend() {
    check(support(), "2026-03-02T20:30:00+03", Allowance::WorkingTime(hours(1)), "2026-03-03T09:30:00+03");
    // Saturday 10-18, Sunday 10-16.
    check(support(), "2026-03-14T17:00:00+03", Allowance::WorkingTime(hours(8)), "2026-03-16T10:00:00+03");
    // Used up exactly at closing time: due at closing time.
    check(support(), "2026-03-14T10:00:00+03", Allowance::WorkingTime(hours(8)), "2026-03-14T18:00:00+03");
}

#[test]
fn a_holiday_is_open_from_ten_to_two() {
    check(support(), "2026-02-23T13:00:00+03", Allowance::WorkingTime(hours(2)), "2026-02-24T10:00:00+03");
    // A Sunday that is a holiday, 8 March, closes at 14:00 and not at 16:00.
    check(support(), "2026-03-08T13:30:00+03", Allowance::WorkingTime(hours(1)), "2026-03-09T10:30:00+03");
}

#[test]
fn working_days_skip_the_filing_day_weekends_and_holidays() {
    check(working_days(), "2026-03-02T00:00:00+03", Allowance::WorkingDays(1), "2026-03-03T18:00:00+03");
    check(working_days(), "2026-03-02T23:59:59+03", Allowance::WorkingDays(1), "2026-03-03T18:00:00+03");
    // Friday 20 February; Monday 23 is a holiday.
    check(working_days(), "2026-02-20T12:00:00+03", Allowance::WorkingDays(1), "2026-02-24T18:00:00+03");
    // Filed on the holiday itself.
    check(working_days(), "2026-02-23T12:00:00+03", Allowance::WorkingDays(1), "2026-02-24T18:00:00+03");
    // The day before a holiday closes at 17:00.
    check(working_days(), "2026-06-10T12:00:00+03", Allowance::WorkingDays(1), "2026-06-11T17:00:00+03");
    // Ten days over the New Year: 12 to 23 January after eleven days off.
    check(working_days(), "2026-01-01T12:00:00+03", Allowance::WorkingDays(10), "2026-01-23T18:00:00+03");
}

#[test]
fn a_suspension_gives_back_exactly_the_working_time_it_took() {
    let five = Allowance::WorkingDays(5);
    let start = at("2026-03-10T12:00:00+03");
    let plain = due(working_days(), start, five, &[]);
    assert_eq!(plain, Ok(Due::At(at("2026-03-17T18:00:00+03"))));

    // Thursday 15:00 to Friday 11:00 is three hours and two hours of working time.
    let overnight = suspended("2026-03-12T15:00:00+03", Some("2026-03-13T11:00:00+03"));
    assert_eq!(due(working_days(), start, five, &[overnight]), Ok(Due::At(at("2026-03-18T14:00:00+03"))));

    let weekend = suspended("2026-03-13T18:00:00+03", Some("2026-03-16T09:00:00+03"));
    assert_eq!(due(working_days(), start, five, &[weekend]), plain);
}

#[test]
fn an_open_suspension_leaves_no_due_time_but_what_is_left() {
    let open = suspended("2026-03-03T11:00:00+03", None);
    let start = at("2026-03-02T20:00:00+03");
    assert_eq!(
        due(support(), start, Allowance::WorkingTime(hours(8)), &[open]),
        Ok(Due::Paused { remaining: hours(5) })
    );
    // The term ended before, or exactly when, the pause began.
    assert_eq!(
        due(support(), start, Allowance::WorkingTime(hours(3)), &[open]),
        Ok(Due::At(at("2026-03-03T11:00:00+03")))
    );
}

#[test]
fn nothing_is_computed_past_the_horizon() {
    let horizon = "2027-12-31".parse().unwrap();
    // The last working instant is 17:00 of the short last day.
    check(working_days(), "2027-12-30T12:00:00+03", Allowance::WorkingDays(1), "2027-12-31T17:00:00+03");
    for allowance in [Allowance::WorkingDays(1), Allowance::WorkingTime(hours(1))] {
        let refused = due(working_days(), at("2027-12-31T16:30:00+03"), allowance, &[]);
        assert_eq!(refused, Err(Refused::PastHorizon { calendar: "working_days".into(), horizon }));
    }
    assert_eq!(
        elapsed(
            working_days(),
            deadline::Basis::Working,
            at("2027-12-31T09:00:00+03"),
            at("2028-01-01T00:00:00+03"),
            &[]
        ),
        Ok(hours(8))
    );
}

#[test]
fn refuses_what_is_no_term() {
    for allowance in
        [Allowance::RealTime(SignedDuration::ZERO), Allowance::WorkingTime(hours(-1)), Allowance::WorkingDays(0)]
    {
        let refused = due(support(), at("2026-03-02T12:00:00Z"), allowance, &[]);
        assert_eq!(refused, Err(Refused::AllowanceNotPositive));
    }
    let backwards = suspended("2026-03-03T12:00:00Z", Some("2026-03-03T11:00:00Z"));
    let refused = due(support(), at("2026-03-02T12:00:00Z"), Allowance::RealTime(hours(1)), &[backwards]).unwrap_err();
    assert_eq!(refused.reason(), "SUSPENSION_BACKWARDS");
}

#[test]
fn the_ladder_climbs_by_its_own_terms_and_waits_for_the_applicant() {
    let term = PolicySet::builtin().term("lost_access", deadline::ClockKind::FirstAnswer).unwrap();
    let start = at("2026-03-02T03:00:00+03");
    let rungs = |suspensions: &[Suspension]| {
        let due = term.due(start, suspensions).unwrap();
        let rungs = term.rungs(start, suspensions, due).unwrap();
        rungs.iter().map(|rung| (rung.kind, rung.fire_time, rung.promise)).collect::<Vec<_>>()
    };
    assert_eq!(
        rungs(&[]),
        [
            (RungKind::Warn, at("2026-03-02T03:15:00+03"), None),
            (RungKind::Level(1), at("2026-03-02T03:30:00+03"), Some(at("2026-03-02T04:00:00+03"))),
            (RungKind::Level(2), at("2026-03-02T04:00:00+03"), Some(at("2026-03-02T05:00:00+03"))),
        ]
    );
    // Asked at 03:40, after level 1: level 2 has no instant until the answer is there.
    assert_eq!(
        rungs(&[suspended("2026-03-02T03:40:00+03", None)]),
        [
            (RungKind::Warn, at("2026-03-02T03:15:00+03"), None),
            (RungKind::Level(1), at("2026-03-02T03:30:00+03"), None),
        ]
    );
    // Asked at 03:20: only the warning has an instant. Asked at 03:10: nothing has.
    assert_eq!(
        rungs(&[suspended("2026-03-02T03:20:00+03", None)]),
        [(RungKind::Warn, at("2026-03-02T03:15:00+03"), None)]
    );
    assert_eq!(rungs(&[suspended("2026-03-02T03:10:00+03", None)]), []);
    // Waiting for another body does not pause this clock.
    let other = Suspension { reason: SuspensionReason::AwaitingOtherBody, ..suspended("2026-03-02T03:10:00+03", None) };
    assert_eq!(rungs(&[other]), rungs(&[]));
}

#[test]
fn a_levels_term_may_begin_at_any_time() {
    let set = PolicySet::builtin();
    let term = set.term("lost_access", deadline::ClockKind::FirstAnswer).unwrap();
    let late = at("2026-03-02T09:10:00+03");
    assert_eq!(term.level_end(1, late, &[]), Some(at("2026-03-02T09:40:00+03")));
    assert_eq!(term.level_end(2, late, &[]), Some(at("2026-03-02T10:10:00+03")));
    assert_eq!((term.level_end(0, late, &[]), term.level_end(3, late, &[])), (None, None), "no such level");
    let asked = |until| suspended("2026-03-02T09:20:00+03", until);
    assert_eq!(term.level_end(1, late, &[asked(Some("2026-03-02T09:50:00+03"))]), Some(at("2026-03-02T10:10:00+03")));
    assert_eq!(term.level_end(1, late, &[asked(None)]), None);
    // By the calendar: on a Friday evening four working hours reach into Monday.
    let term = set.term("lost_access", deadline::ClockKind::Resolution).unwrap();
    let due = term.level_end(1, at("2026-03-13T20:00:00+03"), &[]).unwrap();
    assert_eq!(term.calendar().date_of(due), jiff::civil::date(2026, 3, 16));
    assert_eq!(term.level_end(1, at("2028-06-01T12:00:00+03"), &[]), None, "past the horizon");
}

#[test]
fn a_due_time_near_the_horizon_keeps_its_first_level() {
    let term = PolicySet::builtin().term("standard", deadline::ClockKind::Resolution).unwrap();
    let start = at("2027-12-24T12:00:00+03");
    let due = term.due(start, &[]).unwrap();
    let rungs = term.rungs(start, &[], due).unwrap();
    let last = rungs.last().unwrap();
    assert_eq!((last.kind, last.fire_time, last.promise), (RungKind::Level(1), at("2027-12-31T17:00:00+03"), None));
}

#[test]
fn a_promise_given_earlier_is_warned_about_at_its_own_share() {
    let term = PolicySet::builtin().term("lost_access", deadline::ClockKind::FirstAnswer).unwrap();
    let start = at("2026-03-02T03:00:00+03");
    let rungs = term.rungs(start, &[], Due::At(at("2026-03-02T04:00:00+03"))).unwrap();
    assert_eq!(rungs[0].fire_time, at("2026-03-02T03:30:00+03"));
    assert_eq!(rungs[1].fire_time, at("2026-03-02T04:00:00+03"));
}

#[test]
fn an_explanation_tells_every_stretch_and_every_version() {
    let policy = Pin { id: "by_hand".into(), version: 7 };
    let pause = suspended("2026-02-21T12:00:00+03", Some("2026-02-21T13:00:00+03"));
    let told =
        explain(policy.clone(), support(), at("2026-02-20T20:00:00+03"), Allowance::WorkingTime(hours(15)), &[pause])
            .unwrap();

    let spans: Vec<_> = told.spans.iter().map(|span| (span.from, span.to, span.what.clone())).collect();
    let holiday = || {
        What::Closed(Closed::Day {
            day: DayKind::Holiday, label: "День защитника Отечества".into()
        })
    };
    let off = || What::Closed(Closed::OffHours);
    let row = |from: &str, to: &str, what| (at(from), Some(at(to)), what);
    assert_eq!(
        spans,
        [
            row("2026-02-20T20:00:00+03", "2026-02-20T21:00:00+03", What::Counted),
            row("2026-02-20T21:00:00+03", "2026-02-21T10:00:00+03", off()),
            row("2026-02-21T10:00:00+03", "2026-02-21T12:00:00+03", What::Counted),
            row(
                "2026-02-21T12:00:00+03",
                "2026-02-21T13:00:00+03",
                What::Suspended { reason: SuspensionReason::AwaitingApplicant, lost: hours(1) }
            ),
            row("2026-02-21T13:00:00+03", "2026-02-21T18:00:00+03", What::Counted),
            row("2026-02-21T18:00:00+03", "2026-02-22T10:00:00+03", off()),
            row("2026-02-22T10:00:00+03", "2026-02-22T16:00:00+03", What::Counted),
            row("2026-02-22T16:00:00+03", "2026-02-23T00:00:00+03", off()),
            row("2026-02-23T00:00:00+03", "2026-02-23T10:00:00+03", holiday()),
            row("2026-02-23T10:00:00+03", "2026-02-23T11:00:00+03", What::Counted),
        ]
    );
    assert_eq!((told.policy, told.calendar.id.as_str(), told.calendar.version), (policy, "support", 2));
    assert_eq!(told.due, Due::At(at("2026-02-23T11:00:00+03")));
    assert!(told.tzdb.starts_with("20"), "{}", told.tzdb);
}

#[test]
fn an_explanation_of_a_paused_clock_ends_with_the_pause() {
    let policy = Pin { id: "by_hand".into(), version: 1 };
    let open = suspended("2026-03-03T11:00:00+03", None);
    let told =
        explain(policy, support(), at("2026-03-03T09:00:00+03"), Allowance::WorkingTime(hours(8)), &[open]).unwrap();
    let last = told.spans.last().unwrap();
    assert_eq!((last.from, last.to), (open.from, None));
    assert_eq!(told.due, Due::Paused { remaining: hours(6) });
}

#[test]
fn an_explanation_of_a_very_long_term_is_bounded_and_still_adds_up() {
    let calendar = daily("Europe/Moscow", "\"09:00-13:00\", \"14:00-18:00\"");
    let told = explain(
        Pin { id: "by_hand".into(), version: 1 },
        &calendar,
        at("2026-03-03T09:00:00+03"),
        Allowance::WorkingTime(hours(8 * 1000)),
        &[],
    )
    .unwrap();
    assert_eq!(told.spans.len(), deadline::MAX_SPANS);
    let counted = told.spans.iter().map(deadline::Span::counted).fold(SignedDuration::ZERO, |sum, more| sum + more);
    assert_eq!(counted, told.budget);
    assert!(told.spans.windows(2).all(|pair| pair[0].to == Some(pair[1].from)));
}
