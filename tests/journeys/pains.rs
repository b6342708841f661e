//! What users of other systems suffered from most, as far as terms are concerned (peers, section 6): each is a life here, by its cause. The first one,
//! an update timer that runs on after an answer, is in `answers.rs`.

use std::collections::BTreeSet;

use deadline::{Allowance, Plan, PolicySet};
use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use proto::sla::v1::{ClockKind, IcalendarYear, PublishCalendarRequest, PublishPolicyRequest, clock, rung};
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{Appeal, AppealEvent, Channel, appeal::State};
use tests::{Part, Suite, SuiteOptions, forms};

use crate::rebase;
use crate::story::{
    SUPERVISOR, acted, acted_levels, appeal, ask, deadline, events, explained, file, file_this, hours, instant,
    repeats_to, texts_to, why, with_phone,
};

const ADMIN: &str = "staff/root:administrator";
const PHONE: &str = "+79161230051";

/// When it became the applicant's turn.
async fn asked_at(suite: &Suite, name: &str) -> Timestamp {
    let all = events(suite, name).await;
    instant(all.iter().find(|it| it.r#type() == Type::InfoRequested).unwrap().event_time)
}

async fn told(suite: &Suite, name: &str, kind: Type) -> Vec<AppealEvent> {
    events(suite, name)
        .await
        .into_iter()
        .filter(|it| it.r#type() == kind && it.clock() == ClockKind::Resolution)
        .collect()
}

#[tokio::test]
async fn pain_02_an_answer_that_also_asks_is_a_first_answer_and_not_a_cancelled_one() {
    let suite = Suite::start().await;
    let mut form = with_phone(forms::appeal(suite.now()), PHONE);
    form.appeal.as_mut().unwrap().channel = Channel::Email.into();
    let filed = file_this(&suite, form).await;
    suite.hand.advance(SignedDuration::from_mins(20));
    ask(&suite, &filed.name).await;
    suite.settle().await;
    let clocks = deadline(&suite, &filed.name).await.clocks;
    assert_eq!((clocks[0].kind(), clocks[0].state()), (ClockKind::FirstAnswer, clock::State::Met));
    assert_eq!((clocks[1].kind(), clocks[1].state()), (ClockKind::Resolution, clock::State::Paused));
    let order: Vec<_> = events(&suite, &filed.name).await.iter().map(|it| it.r#type()).collect();
    let at = |kind| order.iter().position(|it| *it == kind).unwrap();
    assert!(at(Type::FirstAnswered) < at(Type::InfoRequested), "{order:?}");
}

#[tokio::test]
async fn pain_03_a_pause_outlives_the_terms_that_it_began_under() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    suite.settle().await;
    suite.hand.advance(hours(2));
    ask(&suite, &filed.name).await;
    suite.settle().await;
    let paused = asked_at(&suite, &filed.name).await;
    let published = suite.sla(ADMIN).publish_policy(rebase::change(&suite).await).await.unwrap().into_inner();
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));
    suite.sla(ADMIN).start_rebase(rebase::begin(&published.name)).await.unwrap();
    suite.settle().await;
    let other = deadline(&suite, &filed.name).await;
    assert_eq!((other.clocks[1].state(), other.suspensions.len()), (clock::State::Paused, 1));
    suite.hand.advance(hours(50));
    suite.ticket("portal").provide_info(forms::information(&filed.name)).await.unwrap();
    let pause = suite.now().duration_since(paused);
    suite.settle().await;
    let term = |it: &Appeal| instant(it.due_time).duration_since(instant(it.create_time));
    // Half of what it was, as the other policy has it, and the whole of the pause.
    assert_eq!(term(&appeal(&suite, &filed.name).await), term(&filed) / 2 + pause);
}

#[tokio::test]
async fn pain_04_nothing_is_late_while_it_is_the_applicants_turn() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    suite.settle().await;
    let due = instant(filed.due_time);
    // Half of the ways in which it was broken: the timer had fired when the question was asked.
    suite.live_until(due - SignedDuration::from_secs(1), SignedDuration::from_mins(30)).await;
    suite.hand.set(due);
    suite.monitor_once().await;
    ask(&suite, &filed.name).await;
    suite.settle().await;
    // And the other half: it fires later.
    suite.live_until(due + hours(24 * 5), hours(2)).await;
    assert_eq!(acted_levels(&suite, &filed.name).await, [0; 0]);
    assert_eq!((repeats_to(&suite, PHONE).len(), appeal(&suite, &filed.name).await.escalation_level), (0, 0));
}

#[tokio::test]
async fn pain_05_a_paused_appeal_shows_no_due_time_and_what_is_left_is_kept_to_the_second() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    suite.settle().await;
    suite.hand.advance(hours(5));
    ask(&suite, &filed.name).await;
    suite.settle().await;
    let mut kept = None;
    for _ in 0..3 {
        suite.advance(hours(7)).await;
        let shown = appeal(&suite, &filed.name).await;
        assert_eq!((shown.state(), shown.due_time, shown.expected_time), (State::AwaitingApplicant, None, None));
        let watched = deadline(&suite, &filed.name).await;
        assert_eq!((watched.clocks[1].state(), watched.next_due_time), (clock::State::Paused, None));
        let left = watched.clocks[1].remaining.expect("it is told while paused, too");
        assert_eq!(*kept.get_or_insert(left), left);
        assert_eq!(explained(&suite, &filed.name).await.computed_due_time, None);
    }
    suite.ticket("portal").provide_info(forms::information(&filed.name)).await.unwrap();
    let shown = appeal(&suite, &filed.name).await;
    let pause = suite.now().duration_since(asked_at(&suite, &filed.name).await);
    assert_eq!(instant(shown.due_time), instant(filed.due_time) + pause);
    let used = asked_at(&suite, &filed.name).await.duration_since(instant(filed.create_time));
    let whole = instant(filed.due_time).duration_since(instant(filed.create_time));
    assert_eq!(kept.map(|left| left.seconds), Some((whole - used).as_secs()));
}

/// Two appeals of one citizen with the same due time, for a month that nobody works: each level of each is told once, not daily and not once for both.
#[tokio::test]
async fn pain_06_neither_hundreds_of_notices_nor_one_for_two() {
    let suite = Suite::start().await;
    let (one, other) = (file(&suite, PHONE).await, file(&suite, PHONE).await);
    assert_eq!(one.due_time, other.due_time);
    suite.live_until(instant(one.due_time) + hours(24 * 30), hours(3)).await;
    for filed in [&one, &other] {
        assert_eq!(acted_levels(&suite, &filed.name).await, [1, 2]);
        let number = |text: &&String| text.contains(&filed.number);
        assert_eq!(repeats_to(&suite, PHONE).iter().filter(number).count(), 2);
    }
    assert_eq!(repeats_to(&suite, PHONE).len(), 4);
}

#[tokio::test]
async fn pain_07_every_level_is_there_from_the_beginning_and_an_outage_skips_none_in_silence() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    suite.settle().await;
    let rungs = async || {
        let clock = deadline(&suite, &filed.name).await.clocks.remove(1);
        clock.rungs.iter().map(|it| (it.level, it.state(), it.reason.clone())).collect::<Vec<_>>()
    };
    let armed = |level| (level, rung::State::Armed, String::new());
    assert_eq!(rungs().await, [armed(0), armed(1), armed(2)]);
    suite.stop_part(Part::Sla).await;
    suite.hand.set(instant(filed.due_time) + hours(24 * 4));
    suite.start_part(Part::Sla).await;
    suite.settle().await;
    let skipped = |level| (level, rung::State::Superseded, "HIGHER_LEVEL_DUE".to_owned());
    assert_eq!(rungs().await, [skipped(0), skipped(1), (2, rung::State::Acted, String::new())]);
    let noted = told(&suite, &filed.name, Type::RungNotActed).await;
    assert_eq!(noted.iter().map(|it| it.level).collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
}

#[tokio::test]
async fn pain_08_what_was_taken_back_or_answered_notifies_nobody_any_more() {
    let suite = Suite::start().await;
    let (taken, answered) = (file(&suite, PHONE).await, file(&suite, PHONE).await);
    suite.settle().await;
    suite.ticket("portal").withdraw_appeal(forms::withdrawal(&taken.name)).await.unwrap();
    ask(&suite, &answered.name).await;
    suite.ticket(SUPERVISOR).resolve_appeal(forms::resolution(&answered.name)).await.unwrap();
    suite.settle().await;
    let before = texts_to(&suite, PHONE).len();
    suite.live_until(instant(taken.due_time) + hours(24 * 5), hours(2)).await;
    assert_eq!(texts_to(&suite, PHONE).len(), before);
    for filed in [&taken, &answered] {
        assert_eq!(acted_levels(&suite, &filed.name).await, [0; 0]);
        assert_eq!(told(&suite, &filed.name, Type::DeadlineWarned).await.len(), 0);
        assert!(deadline(&suite, &filed.name).await.clocks.iter().all(|it| it.due_time.is_none()));
    }
}

/// That somebody takes it in time is promised, and then no more: an administrator takes the promise back for what was filed before, too.
#[tokio::test]
async fn pain_08_a_term_that_is_promised_no_more_notifies_nobody_any_more() {
    let suite = Suite::start().await;
    let accepted_in = async |term: Option<i64>| {
        suite
            .publish(|policy| {
                policy.acceptance = term.map(|term| {
                    let allowance = Allowance::RealTime(hours(term));
                    Plan { allowance, ..policy.first_answer.clone() }
                });
            })
            .await;
    };
    accepted_in(Some(3)).await;
    let filed = file(&suite, PHONE).await;
    let due = instant(filed.acceptance_due_time);
    suite.settle().await;
    accepted_in(None).await;
    let (set, _) = suite.policies().await;
    suite.sla(ADMIN).start_rebase(rebase::begin(&set)).await.unwrap();
    suite.settle().await;
    assert!(suite.now() < due);
    suite.live_until(due + hours(24), hours(1)).await;
    assert_eq!(acted(&suite, &filed.name, ClockKind::Acceptance).await, [0; 0]);
    let warned = events(&suite, &filed.name).await.into_iter().filter(|it| it.r#type() == Type::DeadlineWarned);
    assert_eq!(warned.filter(|it| it.clock() == ClockKind::Acceptance).count(), 0);
}

#[tokio::test]
async fn pain_09_days_off_come_from_acts_by_name_and_an_explanation_lists_them() {
    let start = "2026-12-31T09:00:00Z".parse().unwrap();
    let suite = Suite::with(SuiteOptions { start: Some(start), ..SuiteOptions::default() }).await;
    let filed = file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), PHONE)).await;
    suite.settle().await;
    let told = explained(&suite, &filed.name).await;
    assert!(told.spans.iter().any(|it| !it.counted && it.reason.contains("овогод")), "{:?}", told.text);
    assert_eq!(told.provisional_years, [2027], "its act had not been published when these days were written down");
    // A feed that says from nowhere is not taken.
    let (base, _) = suite.policies().await;
    let feed = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270315\r\nSUMMARY:День всех\r\n\
        END:VEVENT\r\nEND:VCALENDAR\r\n";
    let request = PublishCalendarRequest {
        base,
        note: "из сети".into(),
        request_id: forms::request_id(),
        icalendar: Some(IcalendarYear {
            calendar: "working_days".into(),
            content: feed.into(),
            year: 2027,
            ..IcalendarYear::default()
        }),
        ..PublishCalendarRequest::default()
    };
    let refused = suite.sla(ADMIN).publish_calendar(request).await.unwrap_err();
    assert_eq!(why(&refused).1, "REQUEST_INVALID");
}

/// Filed on a Friday evening and left alone for three weeks: whatever its terms of working time lead to happens on working days, by day.
#[tokio::test]
async fn pain_10_nothing_of_working_time_happens_at_midnight_or_on_a_weekend() {
    let start = "2026-03-13T17:40:00Z".parse().unwrap();
    let suite = Suite::with(SuiteOptions { start: Some(start), ..SuiteOptions::default() }).await;
    let filed = file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), PHONE)).await;
    suite.live_until(start + hours(24 * 21), SignedDuration::from_mins(60)).await;
    let moscow = TimeZone::get("Europe/Moscow").unwrap();
    let mut happened = told(&suite, &filed.name, Type::DeadlineWarned).await;
    happened.extend(told(&suite, &filed.name, Type::Escalated).await);
    assert_eq!(happened.len(), 3, "a warning and two levels");
    for event in happened {
        // Planned to the second, done at the next hour of this test at the latest.
        let at = (instant(event.event_time) - SignedDuration::from_mins(60)).to_zoned(moscow.clone());
        assert!(!matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday), "{at}");
        assert!((8..18).contains(&at.hour()), "{at}");
    }
    // And a break at noon is no working time: four hours of this calendar are five by the wall.
    let lunch = with_lunch();
    let from: Timestamp = "2026-03-16T06:00:00Z".parse().unwrap();
    let due = deadline::due(&lunch, from, Allowance::WorkingTime(hours(4)), &[]).unwrap().time().unwrap();
    assert_eq!(due, from + hours(5));
}

fn with_lunch() -> deadline::Calendar {
    let mut data = PolicySet::builtin().calendar("phone").unwrap().data().clone();
    data.week.monday = toml::from_str::<std::collections::BTreeMap<String, deadline::Hours>>(
        "monday = [\"09:00-12:00\", \"13:00-18:00\"]",
    )
    .unwrap()
    .remove("monday")
    .unwrap();
    data.try_into().unwrap()
}

/// Hours are read off the wall: on the day after the clocks went forward a working day still ends at its closing time, an hour earlier by the sun.
#[test]
fn pain_11_a_turn_of_the_clock_moves_no_closing_time() {
    for (zone, filed, due) in [
        ("Europe/Berlin", "2026-03-27T08:00:00Z", "2026-03-30T16:00:00Z"),
        ("Europe/Berlin", "2026-10-23T07:00:00Z", "2026-10-26T17:00:00Z"),
        ("America/New_York", "2026-03-06T14:00:00Z", "2026-03-09T22:00:00Z"),
        // Summer time for good until 2014, and winter time since: the same wall, another hour by the sun.
        ("Europe/Moscow", "2014-10-24T06:00:00Z", "2014-10-27T15:00:00Z"),
    ] {
        let mut data = PolicySet::builtin().calendar("working_days").unwrap().data().clone();
        (data.zone, data.from, data.horizon, data.exceptions) = (zone.to_owned(), None, None, Vec::new());
        data.years.clear();
        let calendar: deadline::Calendar = data.try_into().unwrap();
        let filed: Timestamp = filed.parse().unwrap();
        let given = deadline::due(&calendar, filed, Allowance::WorkingDays(1), &[]).unwrap().time().unwrap();
        assert_eq!(given, due.parse::<Timestamp>().unwrap(), "{zone}");
    }
}

#[tokio::test]
async fn pain_12_new_rules_and_nightly_work_touch_no_appeal() {
    let suite = Suite::start().await;
    let (one, other) = (file(&suite, PHONE).await, file(&suite, "+79161230052").await);
    suite.settle().await;
    let all = async || {
        let appeals = [appeal(&suite, &one.name).await, appeal(&suite, &other.name).await];
        let mut deadlines = [deadline(&suite, &one.name).await, deadline(&suite, &other.name).await];
        // It is some seconds later.
        deadlines.iter_mut().flat_map(|it| &mut it.clocks).for_each(|clock| clock.remaining = None);
        (appeals, deadlines, events(&suite, &one.name).await.len())
    };
    let before = all().await;
    let PublishPolicyRequest { document, base, .. } = rebase::change(&suite).await;
    let request = PublishPolicyRequest {
        document,
        base,
        note: "Приказ 18".into(),
        request_id: forms::request_id(),
        ..PublishPolicyRequest::default()
    };
    suite.sla(ADMIN).publish_policy(request).await.unwrap();
    suite.settle().await;
    for _ in 0..10 {
        suite.step(Part::Sla, "reconcile").await;
        suite.hand.advance(SignedDuration::from_secs(1));
    }
    suite.settle().await;
    assert_eq!(all().await, before);
}
