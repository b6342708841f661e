//! Another body is asked (L5): the citizen is told the stage, a term of its own runs, and nobody else's pauses.

use deadline::Allowance;
use jiff::SignedDuration;
use proto::sla::v1::{ClockKind, clock};
use proto::ticket::v1::appeal::State;
use proto::ticket::v1::appeal_event::Type;
use tests::{Suite, forms};

use crate::story::{SUPERVISOR, acted, deadline, events, file, give, hours, instant, notices, texts_to};

const PHONE: &str = "+79161230097";

async fn state(suite: &Suite, name: &str) -> clock::State {
    let held = deadline(suite, name).await;
    assert!(!held.mismatch);
    held.clocks.iter().find(|it| it.kind() == ClockKind::OtherBody).expect("it is promised").state()
}

#[tokio::test]
async fn a_body_that_is_late_is_handed_up_and_the_citizen_knows_the_stage() {
    let suite = Suite::start().await;
    suite
        .publish(|policy| {
            let mut plan = policy.first_answer.clone();
            plan.allowance = Allowance::RealTime(hours(3));
            policy.other_body = Some(plan);
        })
        .await;
    let filed = file(&suite, PHONE).await;
    give(&suite, &filed.name).await;
    suite.settle().await;
    let heard = texts_to(&suite, PHONE).len();
    let stages = async || notices(&suite, &filed.name).await.iter().filter(|it| it.template == "status_change").count();
    let before = stages().await;

    let asked = suite.ticket(SUPERVISOR).ask_other_body(forms::to_body(&filed.name)).await.unwrap().into_inner();
    assert_eq!(asked.state(), State::AwaitingOtherBody);
    assert_eq!((asked.due_time, asked.expected_time), (filed.due_time, filed.expected_time), "the term runs on");
    let due = instant(asked.other_body_due_time);
    assert_eq!(due, instant(asked.update_time) + hours(3));
    suite.settle().await;
    assert_eq!(state(&suite, &filed.name).await, clock::State::Running);
    assert_eq!(stages().await, before + 1, "told that another body is waited for");

    suite.live_until(due + SignedDuration::from_mins(5), SignedDuration::from_mins(5)).await;
    assert_eq!(acted(&suite, &filed.name, ClockKind::OtherBody).await, [1]);
    assert_eq!(texts_to(&suite, PHONE).len(), heard, "what the citizen is told to expect is the resolution");

    let request = forms::from_body(&filed.name);
    let answered = suite.ticket(SUPERVISOR).record_other_body_answer(request.clone()).await.unwrap().into_inner();
    assert_eq!((answered.state(), answered.other_body_due_time), (State::InProgress, None));
    assert_eq!(suite.ticket(SUPERVISOR).record_other_body_answer(request).await.unwrap().into_inner(), answered);
    suite.settle().await;
    assert_eq!(state(&suite, &filed.name).await, clock::State::Met);
    let told = events(&suite, &filed.name).await;
    let body: Vec<_> = told.iter().filter(|it| matches!(it.r#type(), Type::BodyAsked | Type::BodyAnswered)).collect();
    assert_eq!(body.iter().map(|it| it.reason.as_str()).collect::<Vec<_>>(), ["tax_service", "answered"]);
    assert_eq!(instant(body[0].due_time), due);
}
