//! Somebody has to have an appeal in time, before anybody answers it.

use deadline::Allowance;
use jiff::SignedDuration;
use proto::sla::v1::{ClockKind, clock};
use proto::ticket::v1::AcknowledgeEscalationRequest;
use proto::ticket::v1::appeal_event::Type;
use tests::{Suite, forms};

use crate::story::{acted, appeal, deadline, events, file, give, hours, instant, texts_to};

/// Every appeal is to be somebody's within an hour.
async fn promised() -> Suite {
    let suite = Suite::start().await;
    suite
        .publish(|policy| {
            let mut plan = policy.first_answer.clone();
            plan.allowance = Allowance::RealTime(hours(1));
            policy.acceptance = Some(plan);
        })
        .await;
    suite
}

async fn state(suite: &Suite, name: &str) -> clock::State {
    let held = deadline(suite, name).await;
    assert!(!held.mismatch);
    held.clocks.iter().find(|it| it.kind() == ClockKind::Acceptance).expect("it is promised").state()
}

#[tokio::test]
async fn what_nobody_takes_in_an_hour_is_handed_up_and_taken_once_that_is_seen() {
    const PHONE: &str = "+79161230095";
    let suite = promised().await;
    let filed = file(&suite, PHONE).await;
    assert_eq!(instant(filed.acceptance_due_time), instant(filed.create_time) + hours(1));
    suite.settle().await;
    assert_eq!(state(&suite, &filed.name).await, clock::State::Running);
    let heard = texts_to(&suite, PHONE).len();

    suite
        .live_until(instant(filed.acceptance_due_time) + SignedDuration::from_mins(1), SignedDuration::from_mins(5))
        .await;
    assert_eq!(acted(&suite, &filed.name, ClockKind::Acceptance).await, [1]);
    let late = appeal(&suite, &filed.name).await;
    assert_eq!(late.expected_time, filed.expected_time);
    assert_eq!(texts_to(&suite, PHONE).len(), heard, "who has it is no matter of the citizen");
    assert_eq!(state(&suite, &filed.name).await, clock::State::Running, "nobody has said that they have it");

    let senior = format!("{}:senior_specialist", late.assignee);
    let request = AcknowledgeEscalationRequest { name: filed.name.clone(), request_id: forms::request_id() };
    suite.ticket(&senior).acknowledge_escalation(request).await.unwrap();
    suite.settle().await;
    assert_eq!(state(&suite, &filed.name).await, clock::State::Met);
    assert_eq!(appeal(&suite, &filed.name).await.acceptance_due_time, None);
    assert_eq!(events(&suite, &filed.name).await.iter().filter(|it| it.r#type() == Type::Accepted).count(), 1);
}

#[tokio::test]
async fn who_is_given_it_in_time_keeps_the_promise() {
    let suite = promised().await;
    let filed = file(&suite, "+79161230096").await;
    suite.settle().await;
    give(&suite, &filed.name).await;
    suite.settle().await;
    assert_eq!(state(&suite, &filed.name).await, clock::State::Met);
    suite.live_until(instant(filed.acceptance_due_time) + hours(1), hours(1)).await;
    assert_eq!(acted(&suite, &filed.name, ClockKind::Acceptance).await, [0; 0]);
}
