//! What is counted of clocks that are over, and what buckets tell of it.

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::histogram::{LAST, bucket_of};
use super::super::period::Stretch;
use super::*;

fn over(mut clock: Clock, state: ClockState, end: Timestamp) -> Clock {
    (clock.state, clock.due_time, clock.end_time) = (state, None, Some(end));
    clock
}

fn again(mut clock: Clock, due: Timestamp) -> Clock {
    (clock.state, clock.due_time, clock.end_time) = (ClockState::Running, Some(due), None);
    clock.epoch += 1;
    clock
}

/// Tells the resolution's clock as it is now.
fn tell(deadline: &mut Deadline, clock: Clock, suspensions: Vec<Suspension>) -> Vec<Tally> {
    let revision = deadline.promise.revision + 1;
    let told = Promise { suspensions, ..promise(vec![clock], revision) };
    deadline.revise(told, start() + hours(1), &Policies::builtin()).unwrap().tallies
}

fn watched() -> Deadline {
    Deadline::track(Uuid::nil(), promise(vec![clock(RESOLUTION)], 1), start(), &Policies::builtin()).0
}

fn waiting(from: i64, to: i64) -> Suspension {
    Suspension {
        start_time: start() + hours(from),
        end_time: Some(start() + hours(to)),
        reason: "awaiting_applicant".into(),
        actor: "staff/anna".into(),
    }
}

fn only(tallies: Vec<Tally>) -> Closing {
    let [Tally { closing, taken_back: false }] = <[Tally; 1]>::try_from(tallies).unwrap() else { panic!("taken back") };
    closing
}

const H: i64 = 3_600;

#[test]
fn the_due_time_itself_is_in_time_and_a_microsecond_later_is_late() {
    for (after, outcome) in [(0, Outcome::Kept), (1, Outcome::Late)] {
        let end = start() + hours(24) + SignedDuration::from_micros(after);
        let closing = only(tell(&mut watched(), over(clock(RESOLUTION), ClockState::Met, end), vec![]));
        assert_eq!((closing.outcome, closing.used, closing.late), (outcome, 24 * H, 0));
    }
    let end = start() + hours(30);
    let closing = only(tell(&mut watched(), over(clock(RESOLUTION), ClockState::Met, end), vec![]));
    assert_eq!((closing.outcome, closing.used, closing.late), (Outcome::Late, 30 * H, 6 * H));
    assert_eq!((closing.hour(), closing.cell.group.as_str()), (start() + hours(30), "security"));
    for (end, outcome) in [(24, Outcome::Cancelled), (25, Outcome::CancelledLate)] {
        let clock = over(clock(RESOLUTION), ClockState::Cancelled, start() + hours(end));
        assert_eq!(only(tell(&mut watched(), clock, vec![])).outcome, outcome);
    }
}

#[test]
fn a_pause_that_was_never_told_makes_nothing_late() {
    // Paused from 10 h on, met at 30 h by the answer itself: neither the pause nor a new due time was ever heard of, and the epoch is the same.
    let met = over(clock(RESOLUTION), ClockState::Met, start() + hours(30));
    let closing = only(tell(&mut watched(), met.clone(), vec![waiting(10, 30)]));
    assert_eq!((closing.outcome, closing.used, closing.late), (Outcome::Kept, 10 * H, 0));
    // Late before the pause is late after it, by what is counted.
    let closing = only(tell(&mut watched(), met, vec![waiting(25, 30)]));
    assert_eq!((closing.outcome, closing.used, closing.late), (Outcome::Late, 25 * H, H));
}

#[test]
fn one_that_was_first_heard_of_when_it_was_over_is_measured_by_our_arithmetic() {
    let policies = Policies::builtin();
    let met = over(clock(RESOLUTION), ClockState::Met, start() + hours(25));
    let first = |promise: Promise| only(Deadline::track(Uuid::nil(), promise, start(), &policies).1.tallies);
    assert_eq!(first(promise(vec![met.clone()], 5)).outcome, Outcome::Late);
    // Before the calendar's first day there is no telling, and no guessing.
    let mut ancient = over(clock(RESOLUTION), ClockState::Met, "1990-01-10T09:00:00Z".parse().unwrap());
    ancient.start_time = "1990-01-01T09:00:00Z".parse().unwrap();
    (ancient.calendar, ancient.allowance) = ("working_days".into(), Allowance::WorkingDays(3));
    let closing = first(promise(vec![ancient], 5));
    assert_eq!((closing.outcome, closing.used), (Outcome::Unmeasured, 9 * 24 * H), "all time counts then");
}

#[test]
fn a_reopening_takes_back_exactly_what_was_counted() {
    let mut deadline = watched();
    let met = over(clock(RESOLUTION), ClockState::Met, start() + hours(5));
    let counted = only(tell(&mut deadline, met.clone(), vec![]));
    assert_eq!(tell(&mut deadline, met.clone(), vec![]), [], "a later revision with the same end counts nothing");
    // The category was changed meanwhile, say; what is taken back is what was counted.
    deadline.promise.category = "other".into();
    let runs = again(met, start() + hours(30));
    assert_eq!(tell(&mut deadline, runs.clone(), vec![]), [Tally { closing: counted.clone(), taken_back: true }]);
    assert_eq!(deadline.counted, []);
    let late = over(runs, ClockState::Met, start() + hours(31));
    let closing = only(tell(&mut deadline, late.clone(), vec![]));
    assert_eq!((closing.outcome, closing.late, closing.epoch), (Outcome::Late, H, 2));
    // A reopening that was not heard of: the next end takes the place of this one.
    let unheard = Clock { epoch: 3, end_time: Some(start() + hours(40)), ..late };
    let tallies = tell(&mut deadline, unheard, vec![]);
    assert_eq!(tallies.iter().map(|it| it.taken_back).collect::<Vec<_>>(), [true, false]);
    assert_eq!((&tallies[0].closing, deadline.counted.len()), (&closing, 1));
}

#[test]
fn a_group_that_is_not_told_is_the_one_that_was() {
    let mut deadline = watched();
    let told = Promise { group: None, ..promise(vec![clock(RESOLUTION)], 2) };
    deadline.revise(told, start(), &Policies::builtin()).unwrap();
    assert_eq!(deadline.promise.group.as_deref(), Some("security"));
}

#[test]
fn days_of_a_zone_are_stretches_of_utc() {
    let zone = |name| TimeZone::get(name).unwrap();
    let moscow = Period::new(date(2026, 3, 1), date(2026, 3, 31), &zone("Europe/Moscow")).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let march = Stretch { from: at("2026-02-28T21:00:00Z"), to: at("2026-03-31T21:00:00Z"), ahead: 3 };
    assert_eq!(moscow.stretches(), [march]);
    let berlin = Period::new(date(2026, 3, 29), date(2026, 3, 29), &zone("Europe/Berlin")).unwrap();
    let [before, after] = berlin.stretches() else { panic!("the clocks are put forward") };
    assert_eq!((before.from, before.to, before.ahead), (at("2026-03-28T23:00:00Z"), at("2026-03-29T01:00:00Z"), 1));
    assert_eq!((after.from, after.to, after.ahead), (before.to, at("2026-03-29T22:00:00Z"), 2));
    for (last, zone, fault) in [
        (date(2026, 2, 28), TimeZone::UTC, PeriodFault::Backwards),
        (date(2027, 4, 5), TimeZone::UTC, PeriodFault::TooLong),
        (date(2026, 3, 1), zone("Asia/Kolkata"), PeriodFault::PartsOfHours),
    ] {
        assert_eq!(Period::new(date(2026, 3, 1), last, &zone), Err(fault));
    }
    assert!(Period::new(date(2026, 3, 1), date(2027, 4, 4), &TimeZone::UTC).is_ok(), "400 days");
}

/// By the definition: the nearest rank among all of them.
fn naive(mut seconds: Vec<i64>, percent: usize) -> i64 {
    seconds.sort_unstable();
    seconds[(seconds.len() * percent).div_ceil(100).max(1) - 1]
}

/// Spans of all sizes alike, from none to two years.
fn spans() -> impl Strategy<Value = Vec<i64>> {
    let span = (0u32..26).prop_flat_map(|bits| 0i64..=(1 << bits));
    proptest::collection::vec(span, 1..300)
}

fn closing(outcome: Outcome, used: i64, late: i64) -> Closing {
    let cell = Cell {
        clock: RESOLUTION,
        category: String::new(),
        channel: String::new(),
        group: String::new(),
        policy: String::new(),
        priority: String::new(),
    };
    Closing { epoch: 1, due_time: None, end_time: start(), outcome, used, late, cell, extended: [].into() }
}

fn figures(tallies: &[Tally]) -> Figures {
    let mut figures = Figures::default();
    for (part, sum) in fold(tallies) {
        figures.add(part.measure, part.bucket, sum);
    }
    figures
}

proptest! {
    #[test]
    fn figures_are_those_of_a_naive_count(kept in spans(), late in spans(), back in 0usize..100) {
        let closings: Vec<_> = kept.iter().map(|used| closing(Outcome::Kept, *used, 0))
            .chain(late.iter().map(|late| closing(Outcome::Late, late + 60, *late)))
            .collect();
        let count = |closing: &Closing, taken_back| Tally { closing: closing.clone(), taken_back };
        // Some were counted twice as much and taken back, in whatever order.
        let mut tallies: Vec<_> = closings.iter().take(back).map(|it| count(it, true)).collect();
        tallies.extend(closings.iter().take(back).map(|it| count(it, false)));
        tallies.extend(closings.iter().map(|it| count(it, false)));
        let figures = figures(&tallies);

        prop_assert_eq!(figures.kept.count(), kept.len() as i64);
        prop_assert_eq!(figures.late.count(), late.len() as i64);
        prop_assert_eq!(figures.reopened, back.min(closings.len()) as i64);
        let share = kept.len() as f64 / (kept.len() + late.len()) as f64;
        prop_assert!((figures.kept_share().unwrap() - share).abs() < 1e-9);
        let used: Vec<_> = closings.iter().map(|it| it.used).collect();
        for (histogram, spans) in [(&figures.lateness, &late), (&figures.used(), &used)] {
            let mean = spans.iter().sum::<i64>() as f64 / spans.len() as f64;
            prop_assert!((histogram.mean().unwrap() - mean).abs() < 1e-6);
            for percent in [50, 90, 99] {
                let (told, exact) = (histogram.percentile(percent).unwrap() as f64, naive(spans.clone(), percent.into()) as f64);
                // As the contract says: 9.1 % and half a second.
                prop_assert!((told - exact).abs() <= 0.091 * exact + 0.5, "p{percent}: {told} for {exact}");
            }
        }
    }

    /// Whatever is told in whatever order: what was counted and not taken back is what is counted now, each clock once at most.
    #[test]
    fn each_clock_is_counted_once_however_often_it_ends(ends in proptest::collection::vec((0u8..4, 1i64..60, 1i64..5), 1..20)) {
        let mut deadline = watched();
        let mut all = Vec::new();
        let mut present = clock(RESOLUTION);
        for (what, hour, epochs) in ends {
            present = match what {
                0 => over(present, ClockState::Met, start() + hours(hour)),
                1 => over(present, ClockState::Cancelled, start() + hours(hour)),
                2 => again(present, start() + hours(hour)),
                _ => present,
            };
            present.epoch += epochs - 1;
            all.extend(tell(&mut deadline, present.clone(), vec![]));
            let mut left: Vec<Closing> = Vec::new();
            for Tally { closing, taken_back } in &all {
                if *taken_back {
                    let at = left.iter().position(|it| it == closing);
                    prop_assert!(at.is_some(), "{closing:?} was not counted");
                    left.remove(at.unwrap());
                } else {
                    left.push(closing.clone());
                }
            }
            prop_assert!(left.len() <= 1);
            prop_assert_eq!(&left, &deadline.counted);
            prop_assert_eq!(left.len() == 1, present.is_over());
        }
    }
}

#[test]
fn buckets_follow_each_other_and_hold_every_span() {
    assert_eq!([0, 1, 2, 3, 4, i64::MAX].map(bucket_of), [0, 1, 5, 7, 9, LAST]);
    assert_eq!(bucket_of(-5), 0);
    assert_eq!((bucket_of((1 << 26) - 1), bucket_of(1 << 26)), (LAST - 1, LAST));
    let numbers: Vec<_> = (0..100_000).map(bucket_of).collect();
    assert!(numbers.is_sorted());
}
