//! What holds for every calendar, term and suspension.

mod generated;
mod minutes;

use deadline::{
    Allowance, Basis, Due, Holder, Ladder, Level, Pin, RungInputs, RungKind, Span, Suspension, SuspensionReason,
    Warning, due, elapsed, explain, explain_extended, extended, remaining, rungs, share,
};
use generated::{
    Case, allowance, calendar_and_start, calendar_in, case, closed_case, counted, minutes_by_the_wall,
    open_by_the_wall, plain, suspension_after,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

fn due_of(case: &Case) -> Due {
    due(&case.calendar, case.start, case.allowance, &case.suspensions).unwrap()
}

fn due_time(case: &Case) -> Timestamp {
    due_of(case).time().unwrap()
}

fn explained(case: &Case) -> deadline::Explanation {
    let policy = Pin { id: "random".into(), version: 1 };
    explain(policy, &case.calendar, case.start, case.allowance, &case.suspensions).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Adding what elapsed leads back to the end, where the end is an instant up to which time was counted.
    #[test]
    fn adding_what_elapsed_leads_back((calendar, start) in calendar_and_start(), later in 0i64..20 * 86_400) {
        let end = start + SignedDuration::from_secs(later);
        let used = elapsed(&calendar, Basis::Working, start, end, &[]).unwrap();
        prop_assume!(used.is_positive());

        let back = due(&calendar, start, Allowance::WorkingTime(used), &[]).unwrap().time().unwrap();

        prop_assert!(back <= end);
        prop_assert_eq!(elapsed(&calendar, Basis::Working, back, end, &[]).unwrap(), SignedDuration::ZERO);
        if open_by_the_wall(&calendar, end - NANOSECOND) == Some(true) {
            prop_assert_eq!(back, end);
        }
    }

    /// The same count as looking at the wall once a minute.
    #[test]
    fn elapsed_agrees_with_the_wall(
        (calendar, start) in generated::instant().prop_flat_map(|start| {
            let near = start.to_zoned(jiff::tz::TimeZone::UTC).date();
            (calendar_in(&["Asia/Kathmandu", "Asia/Tokyo", "UTC"], near), Just(start))
        }),
        minutes in 0i64..4_000,
    ) {
        let start = Timestamp::from_second(start.as_second() / 60 * 60).unwrap();
        let end = start + SignedDuration::from_mins(minutes);
        prop_assert_eq!(
            elapsed(&calendar, Basis::Working, start, end, &[]).unwrap(),
            minutes_by_the_wall(&calendar, start, end)
        );
    }

    #[test]
    fn exactly_the_budget_is_counted_before_the_due_time(case in closed_case()) {
        let due = due_time(&case);
        let budget = explained(&case).budget;
        prop_assert_eq!(counted(&case, case.start, due), budget);
        // And not a nanosecond earlier.
        prop_assert!(counted(&case, case.start, due - NANOSECOND) < budget);
        prop_assert_eq!(
            remaining(&case.calendar, case.start, case.allowance, &case.suspensions, due).unwrap(),
            SignedDuration::ZERO
        );
    }

    #[test]
    fn working_time_is_never_due_outside_working_time(case in closed_case()) {
        if case.allowance.basis() == Basis::Real {
            return Ok(());
        }
        // Hours are half-open and a term may end at closing time: the instant before it is open.
        let last = due_time(&case) - NANOSECOND;
        prop_assert_ne!(open_by_the_wall(&case.calendar, last), Some(false));
        prop_assert!(case.suspensions.iter().all(|suspension| last < suspension.from || Some(last) >= suspension.to));
    }

    /// What the explanation counts is what was granted; its stretches have no gap; a further extension never ends earlier.
    #[test]
    fn an_extended_term_adds_up(case in closed_case(), further in proptest::collection::vec(allowance(), 0..3)) {
        let pin = Pin { id: "random".into(), version: 1 };
        let end = extended(&case.calendar, case.start, case.allowance, &further, &case.suspensions).unwrap();
        let told = explain_extended(pin, &case.calendar, case.start, case.allowance, &further, &case.suspensions).unwrap();
        prop_assert_eq!(told.due, end);
        let granted = told.extensions.iter().fold(told.budget, |sum, it| sum + it.budget);
        let counted = told.spans.iter().map(Span::counted).fold(SignedDuration::ZERO, |sum, more| sum + more);
        prop_assert_eq!(counted, granted);
        prop_assert!(told.spans.windows(2).all(|pair| pair[0].to == Some(pair[1].from)));
        prop_assert_eq!(told.spans.last().and_then(|last| last.to), end.time());
        if let Some((_, fewer)) = further.split_last() {
            let before = extended(&case.calendar, case.start, case.allowance, fewer, &case.suspensions).unwrap();
            prop_assert!(before.time() < end.time());
            prop_assert_eq!(told.extensions.last().unwrap().from, before.time());
        }
    }

    #[test]
    fn working_days_without_suspensions_end_at_closing_time((calendar, start) in calendar_and_start(), days in 1u16..8) {
        let due = due(&calendar, start, Allowance::WorkingDays(days), &[]).unwrap().time().unwrap();
        prop_assert_ne!(open_by_the_wall(&calendar, due - NANOSECOND), Some(false));
        prop_assert!(calendar.date_of(due - NANOSECOND) > calendar.date_of(start));
    }

    #[test]
    fn a_later_start_is_never_due_earlier(
        case in closed_case(),
        later in 0i64..5 * 86_400,
    ) {
        let start = case.start + SignedDuration::from_secs(later);
        // A suspension belongs to an appeal that exists: it lies after both starts.
        let suspensions: Vec<Suspension> = case.suspensions.iter().copied().filter(|one| one.from >= start).collect();
        let early = Case { suspensions, ..case };
        let late = Case { start, ..early.clone() };
        prop_assert!(due_time(&early) <= due_time(&late));
    }

    #[test]
    fn a_longer_allowance_is_never_due_earlier(case in closed_case(), more in 1i64..100_000) {
        let more_time = SignedDuration::from_secs(more);
        let longer = match case.allowance {
            Allowance::RealTime(time) => Allowance::RealTime(time + more_time),
            Allowance::WorkingTime(time) => Allowance::WorkingTime(time + more_time),
            Allowance::WorkingDays(days) => Allowance::WorkingDays(days + u16::try_from(more % 5).unwrap()),
        };
        let longer_case = Case { allowance: longer, ..case.clone() };
        prop_assert!(due_time(&case) <= due_time(&longer_case));
    }

    /// A suspension moves the due time by the counted time that it covers: hour for hour, for every kind of allowance.
    #[test]
    fn a_suspension_is_given_back_in_full(
        (case, suspension) in (calendar_and_start(), allowance()).prop_flat_map(|((calendar, start), allowance)| {
            (Just(Case { calendar, start, allowance, suspensions: vec![] }), suspension_after(start))
        }),
    ) {
        let before = due_time(&case);
        let after = due_time(&Case { suspensions: vec![suspension], ..case.clone() });
        let taken = plain(&case, suspension.from, suspension.to.unwrap());
        let expected = if suspension.from < before { taken } else { SignedDuration::ZERO };
        prop_assert_eq!(plain(&case, before, after), expected);
    }

    #[test]
    fn one_more_suspension_is_never_due_earlier(
        (case, more) in closed_case().prop_flat_map(|case| (Just(case.clone()), suspension_after(case.start))),
    ) {
        let mut suspensions = case.suspensions.clone();
        suspensions.push(more);
        let before = due_time(&case);
        let longer = Case { suspensions, ..case };
        prop_assert!(before <= due_time(&longer));
    }

    /// Suspensions are a set of instants: order and reasons change nothing.
    #[test]
    fn order_and_reason_of_suspensions_do_not_matter(case in case()) {
        let other = Case {
            suspensions: case
                .suspensions
                .iter()
                .rev()
                .map(|one| Suspension { reason: SuspensionReason::Resolved, ..*one })
                .collect(),
            ..case.clone()
        };
        prop_assert_eq!(due_of(&case), due_of(&other));
    }

    #[test]
    fn a_paused_clock_stands_still(case in case(), later in 0i64..100 * 86_400) {
        let left = match due_of(&case) {
            Due::Paused { remaining } => remaining,
            Due::At(_) => return Ok(()),
        };
        prop_assert!(left.is_positive());
        let open = case.suspensions.iter().find(|one| one.to.is_none()).unwrap();
        let now = open.from.max(case.start) + SignedDuration::from_secs(later);
        prop_assert_eq!(remaining(&case.calendar, case.start, case.allowance, &case.suspensions, now).unwrap(), left);
        // When the answer comes, exactly that much is left to count.
        let mut answered = case.clone();
        answered.suspensions.iter_mut().filter(|one| one.to.is_none()).for_each(|one| one.to = Some(now));
        prop_assert_eq!(counted(&answered, now, due_time(&answered)), left);
    }

    #[test]
    fn an_explanation_adds_up(case in case()) {
        let told = explained(&case);
        prop_assert_eq!(told.due, due_of(&case));
        let sum = told.spans.iter().map(Span::counted).fold(SignedDuration::ZERO, |sum, more| sum + more);
        let left = match told.due {
            Due::At(_) => SignedDuration::ZERO,
            Due::Paused { remaining } => remaining,
        };
        prop_assert_eq!(sum + left, told.budget);
        if let Allowance::RealTime(time) | Allowance::WorkingTime(time) = case.allowance {
            prop_assert_eq!(told.budget, time);
        }

        prop_assert_eq!(told.spans[0].from, case.start);
        prop_assert!(told.spans.windows(2).all(|pair| pair[0].to == Some(pair[1].from) && pair[0].from < pair[1].from));
        prop_assert_eq!(told.spans.last().unwrap().to, told.due.time());
        prop_assert!(told.spans.len() <= deadline::MAX_SPANS);

        if let Due::At(due) = told.due {
            let lost = told.spans.iter().map(Span::lost).fold(SignedDuration::ZERO, |sum, more| sum + more);
            prop_assert_eq!(lost, plain(&case, case.start, due) - counted(&case, case.start, due));
        }
    }

    #[test]
    fn a_share_is_used_at_its_instant(case in closed_case(), percent in 1u8..=99) {
        let due = due_time(&case);
        let warn = share(&case.calendar, case.allowance.basis(), case.start, due, &case.suspensions, percent);
        let warn = warn.unwrap().unwrap();
        prop_assert!(case.start <= warn && warn < due);
        let total = explained(&case).budget.as_nanos();
        prop_assert_eq!(counted(&case, case.start, warn).as_nanos(), total * i128::from(percent) / 100);
    }

    #[test]
    fn rungs_are_in_order_and_hand_over_without_a_hole(
        case in case(),
        warn_percent in 1u8..=99,
        first in allowance(),
        second in allowance(),
        earlier in 1u8..=99,
        offset in 1i64..100,
    ) {
        let offset = SignedDuration::from_hours(offset);
        let working = case.allowance.basis() == Basis::Working;
        let offset = if working { Allowance::WorkingTime(offset) } else { Allowance::RealTime(offset) };
        let ladder = Ladder(vec![
            Level { role: Holder::SeniorSpecialist, allowance: first, acknowledge_within: None, times: 1 },
            Level { role: Holder::Supervisor, allowance: second, acknowledge_within: None, times: 1 },
        ]);
        let in_force = due_of(&case);
        let rungs = rungs(&RungInputs {
            calendar: &case.calendar,
            start: case.start,
            allowance: case.allowance,
            suspensions: &case.suspensions,
            due: in_force,
            warn_percent,
            earlier: &[Warning::Offset(offset), Warning::Percent(earlier)],
            ladder: &ladder,
        })
        .unwrap();

        let (warnings, levels): (Vec<&deadline::Rung>, Vec<&deadline::Rung>) =
            rungs.iter().partition(|rung| !matches!(rung.kind, RungKind::Level(_)));
        prop_assert!(warnings.windows(2).all(|pair| pair[0].fire_time <= pair[1].fire_time));
        prop_assert!(levels.windows(2).all(|pair| pair[0].fire_time < pair[1].fire_time && pair[0].kind < pair[1].kind));
        for warning in &warnings {
            prop_assert!(case.start <= warning.fire_time);
            prop_assert!(in_force.time().is_none_or(|due| warning.fire_time < due));
        }
        let of_offset = warnings.iter().find(|it| it.kind == RungKind::Earlier(1));
        if let (Some(warning), Some(due), true) = (of_offset, in_force.time(), working) {
            prop_assert_eq!(counted(&case, warning.fire_time, due), offset_time(offset));
        }
        prop_assert_eq!(levels.first().map(|rung| rung.fire_time), in_force.time());
        for pair in levels.windows(2) {
            prop_assert_eq!(pair[0].promise, Some(pair[1].fire_time));
        }
        let whole = case.suspensions.iter().all(|one| one.to.is_some());
        prop_assert!(!whole || (levels.len() == 2 && levels[1].promise.is_some()));
    }
}

fn offset_time(offset: Allowance) -> SignedDuration {
    match offset {
        Allowance::RealTime(time) | Allowance::WorkingTime(time) => time,
        Allowance::WorkingDays(_) => SignedDuration::ZERO,
    }
}

/// Everything on whole minutes, and little working time, or weeks are counted.
fn on_whole_minutes(case: Case) -> Case {
    let floor = |time: Timestamp| Timestamp::from_second(time.as_second().div_euclid(60) * 60).unwrap();
    let ceiling = |time: SignedDuration| SignedDuration::from_mins(time.as_secs() / 60 + 1);
    let allowance = match case.allowance {
        Allowance::RealTime(time) => Allowance::RealTime(ceiling(time)),
        Allowance::WorkingTime(time) => Allowance::WorkingTime(ceiling(time / 8)),
        days @ Allowance::WorkingDays(_) => days,
    };
    let suspensions =
        case.suspensions.iter().map(|it| Suspension { from: floor(it.from), to: it.to.map(floor), ..*it });
    Case { start: floor(case.start), allowance, suspensions: suspensions.collect(), calendar: case.calendar }
}

/// How often the slow implementation is asked; more of a release build's: `MINUTES_CASES=100000 cargo test --release -p deadline`.
fn often() -> ProptestConfig {
    let cases = std::env::var("MINUTES_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { max_global_rejects: u32::MAX, ..ProptestConfig::with_cases(cases.unwrap_or(2_000)) }
}

proptest! {
    #![proptest_config(often())]

    #[test]
    fn counting_minute_by_minute_comes_to_the_same(case in case().prop_map(on_whole_minutes)) {
        let counted = minutes::due(&case);
        // Weeks that are open for minutes: too far away to be counted.
        prop_assume!(counted.is_some());
        prop_assert_eq!(Some(due_of(&case)), counted);
    }
}
