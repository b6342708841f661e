//! The applicant is asked and does not answer: they are waited for as long as the policy has it, and then the work goes on.

use bootstrap::Time;
use deadline::Allowance;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use proto::sla::v1::clock;
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{Appeal, appeal::State};
use sqlx::{Connection as _, PgConnection};
use tests::{Part, Suite, forms};

use crate::story::{appeal, ask, deadline, events, file, hours, instant, notices, texts_to};

const PHONE: &str = "+79161230071";

/// Filed under a policy that waits for three working days and reminds after one, and asked; until when they are waited for.
async fn asked(suite: &Suite, phone: &str) -> (Appeal, Timestamp) {
    let filed = file(suite, phone).await;
    let shown = ask(suite, &filed.name).await;
    suite.settle().await;
    (filed, instant(shown.resume_time))
}

async fn with_a_longest_pause() -> Suite {
    let suite = Suite::start().await;
    suite
        .publish(|policy| {
            policy.longest_pause = Some(Allowance::WorkingDays(3));
            policy.remind_applicant_after = Some(Allowance::WorkingDays(1));
        })
        .await;
    suite
}

#[tokio::test]
async fn after_the_longest_pause_the_clocks_run_on_and_both_are_told() {
    let suite = with_a_longest_pause().await;
    suite.add_replica(Part::Ticket, Time::Given(suite.clock())).await;
    let (filed, until) = asked(&suite, PHONE).await;
    let question = texts_to(&suite, PHONE).pop().unwrap();
    assert!(question.contains(" до "), "it says until when: {question}");

    suite.live_until(until - SignedDuration::from_secs(1), hours(8)).await;
    assert_eq!(appeal(&suite, &filed.name).await.state(), State::AwaitingApplicant);
    let reminders = texts_to(&suite, PHONE).into_iter().filter(|text| text.starts_with("Напоминаем")).count();
    assert_eq!(reminders, 1, "once, by one replica");
    suite.hand.set(until);
    suite.settle().await;
    let shown = appeal(&suite, &filed.name).await;
    assert_eq!((shown.state(), shown.resume_time), (State::InProgress, None));
    let all = events(&suite, &filed.name).await;
    assert_eq!(all.iter().filter(|it| it.r#type() == Type::PauseEnded).count(), 1, "by one replica");
    let asked_at = all.iter().find(|it| it.r#type() == Type::InfoRequested).map(|it| instant(it.event_time)).unwrap();
    assert_eq!(instant(shown.due_time), instant(filed.due_time) + until.duration_since(asked_at));

    let watched = deadline(&suite, &filed.name).await;
    assert_eq!((watched.clocks[1].state(), watched.mismatch), (clock::State::Running, false));
    assert!(texts_to(&suite, PHONE).pop().unwrap().contains("мы продолжаем с тем, что есть"));
    let told: Vec<_> = notices(&suite, &filed.name).await.into_iter().map(|it| it.template).collect();
    assert!(told.contains(&"staff_pause_ended".to_owned()), "{told:?}");
}

#[tokio::test]
async fn who_answers_in_time_is_not_gone_on_without() {
    let suite = with_a_longest_pause().await;
    let (filed, until) = asked(&suite, PHONE).await;
    suite.hand.set(until - SignedDuration::from_secs(1));
    suite.ticket("portal").provide_info(forms::information(&filed.name)).await.unwrap();
    suite.live_until(until + hours(48), hours(8)).await;
    let all = events(&suite, &filed.name).await;
    assert!(all.iter().all(|it| it.r#type() != Type::PauseEnded));
}

/// As by somebody who edited rows by hand: it can't be read, so it can't be ended.
#[tokio::test]
async fn one_that_cannot_be_ended_is_put_off_and_holds_up_no_other() {
    let suite = with_a_longest_pause().await;
    let (broken, first) = asked(&suite, PHONE).await;
    suite.hand.advance(SignedDuration::from_secs(1));
    let (sound, until) = asked(&suite, "+79161230072").await;
    let mut db = PgConnection::connect(&suite.admin_url()).await.unwrap();
    let set = "UPDATE ticket.appeal SET time_zone = $2 WHERE appeal_id = $1::uuid";
    sqlx::query(set).bind(&broken.uid).bind("Nowhere").execute(&mut db).await.unwrap();
    suite.hand.set(first.max(until));
    suite.step(Part::Ticket, "pauses").await;
    assert_eq!(appeal(&suite, &sound.name).await.state(), State::InProgress);
    let later =
        "SELECT count(*) FROM ticket.suspension WHERE appeal_id = $1::uuid AND end_time IS NULL AND look_time > $2";
    let looked_at = async |db: &mut PgConnection| -> i64 {
        sqlx::query_scalar(later).bind(&broken.uid).bind(suite.now().to_sqlx()).fetch_one(db).await.unwrap()
    };
    assert_eq!(looked_at(&mut db).await, 1, "not at once");

    sqlx::query(set).bind(&broken.uid).bind("Europe/Moscow").execute(&mut db).await.unwrap();
    suite.advance(SignedDuration::from_mins(10)).await;
    assert_eq!(appeal(&suite, &broken.name).await.state(), State::InProgress);
}
