//! Every answer is promised, and not the first one alone: the clock of the next one is there only while the applicant waits.

use deadline::{Allowance, Plan};
use jiff::{SignedDuration, Timestamp};
use proto::Date;
use proto::sla::v1::{ClockKind, GetReportRequest, ReportScope, clock};
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{Message, PostMessageRequest, message};
use tests::{Suite, forms};

use crate::story::{SUPERVISOR, acted, appeal, deadline, events, file, give, hours, instant, repeats_to};

const PHONE: &str = "+79161230061";

/// What may happen after the first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Applicant,
    Staff,
    Note,
    /// A question back, and what was asked for.
    Question,
    Information,
}

async fn act(suite: &Suite, act: Act, name: &str) {
    let post = async |by: &str, request: PostMessageRequest| {
        suite.ticket(by).post_message(request).await.unwrap();
    };
    match act {
        Act::Applicant => post("portal", forms::message(name, "Ну что там?")).await,
        Act::Staff => post(SUPERVISOR, forms::message(name, "Разбираемся.")).await,
        Act::Note => {
            let visibility = message::Visibility::Internal.into();
            let message =
                Some(Message { text: "Звонил оператору.".into(), visibility, ..Message::default() });
            post(SUPERVISOR, PostMessageRequest { message, ..forms::message(name, "") }).await;
        }
        Act::Question => drop(suite.ticket(SUPERVISOR).request_info(forms::question(name)).await.unwrap()),
        Act::Information => drop(suite.ticket("portal").provide_info(forms::information(name)).await.unwrap()),
    }
}

/// Taken, and answered for the first time.
async fn answer_first(suite: &Suite, name: &str) {
    give(suite, name).await;
    act(suite, Act::Staff, name).await;
}

/// Every order of what is left; what was asked for comes only after the question.
fn orders(left: &[Act]) -> Vec<Vec<Act>> {
    if left.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..left.len() {
        let first = left[at];
        if first == Act::Information && left.contains(&Act::Question) {
            continue;
        }
        let rest: Vec<_> = left.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, act)| *act).collect();
        all.extend(orders(&rest).into_iter().map(|rest| [vec![first], rest].concat()));
    }
    all
}

#[tokio::test]
async fn pain_01_no_clock_of_an_answer_runs_on_after_it_whatever_the_order_of_messages() {
    let suite = Suite::start().await;
    suite.promise_answers().await;
    let acts = [Act::Applicant, Act::Staff, Act::Note, Act::Question, Act::Information];
    let orders = orders(&acts);
    assert_eq!(orders.len(), 60);
    let mut lives = Vec::new();
    for order in &orders {
        let filed = file(&suite, PHONE).await;
        answer_first(&suite, &filed.name).await;
        // Who waits since when; and whether it is the applicant's turn.
        lives.push((order, filed.name, None::<Timestamp>, false));
    }
    for at in 0..acts.len() {
        suite.hand.advance(SignedDuration::from_mins(3));
        for (order, name, since, asked) in &mut lives {
            act(&suite, order[at], name).await;
            match order[at] {
                Act::Applicant if !*asked => *since = since.or(Some(suite.now())),
                Act::Applicant | Act::Note => {}
                Act::Staff => *since = None,
                Act::Question => (*since, *asked) = (None, true),
                Act::Information => (*since, *asked) = (Some(suite.now()), false),
            }
        }
        suite.settle().await;
        for (order, name, since, _) in &lives {
            let shown = appeal(&suite, name).await.next_answer_due_time;
            assert_eq!(shown.is_some(), since.is_some(), "{order:?} after {at}");
            let watched = deadline(&suite, name).await;
            let next = watched.clocks.iter().find(|it| it.kind() == ClockKind::NextAnswer);
            let runs = next.filter(|it| it.state() == clock::State::Running);
            assert_eq!(runs.and_then(|it| it.due_time), shown, "{order:?} after {at}");
            let begun = runs.map(|it| instant(it.start_time).duration_since(since.unwrap()));
            assert!(begun.is_none_or(|late| late < SignedDuration::from_secs(1)), "{order:?} after {at}: {begun:?}");
            assert!(!watched.mismatch);
        }
    }
}

/// Two waits of one applicant, both forgotten: each is handed up by its own ladder, whose first level finds it with the supervisor already.
/// No SMS comes of it, as what the applicant was told to expect is something else.
#[tokio::test]
async fn each_wait_that_is_forgotten_is_handed_up_and_counted() {
    let suite = Suite::start().await;
    suite
        .publish(|policy| {
            // Shorter than any resolution: what is late of that is another story.
            let allowance = Allowance::RealTime(hours(1));
            policy.next_answer = Some(Plan { allowance, ..policy.first_answer.clone() });
        })
        .await;
    let filed = file(&suite, PHONE).await;
    answer_first(&suite, &filed.name).await;
    for wait in 1..=2 {
        act(&suite, Act::Applicant, &filed.name).await;
        suite.settle().await;
        let due = instant(appeal(&suite, &filed.name).await.next_answer_due_time);
        suite.live_until(due + SignedDuration::from_mins(5), SignedDuration::from_mins(5)).await;
        assert_eq!(acted(&suite, &filed.name, ClockKind::NextAnswer).await, vec![1; wait]);
        act(&suite, Act::Staff, &filed.name).await;
        suite.settle().await;
    }
    let count = |all: &[proto::ticket::v1::AppealEvent], kind| all.iter().filter(|it| it.r#type() == kind).count();
    let all = events(&suite, &filed.name).await;
    assert_eq!((count(&all, Type::AnswerAwaited), count(&all, Type::NextAnswered)), (2, 2));
    assert_eq!(repeats_to(&suite, PHONE), [""; 0]);

    act(&suite, Act::Applicant, &filed.name).await;
    suite.ticket(SUPERVISOR).resolve_appeal(forms::resolution(&filed.name)).await.unwrap();
    suite.settle().await;
    let day = |time: Timestamp| {
        let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        Some(Date { year: date.year().into(), month: date.month().into(), day: date.day().into() })
    };
    let scope = ReportScope {
        first_date: day(instant(filed.create_time)),
        last_date: day(suite.now()),
        clock: ClockKind::NextAnswer.into(),
        ..ReportScope::default()
    };
    let request = GetReportRequest { scope: Some(scope) };
    let report = suite.sla(SUPERVISOR).get_report(request).await.unwrap().into_inner();
    let [row] = <[_; 1]>::try_from(report.rows).unwrap();
    assert_eq!((row.kept_count, row.late_count, row.reopened_count), (1, 2, 0));
}
