//! A specialist needs more time (L4): the citizen is told by SMS, and only then does the new due time govern; the ladder follows it.

use jiff::SignedDuration;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{AssignAppealRequest, appeal::extension::State};
use tests::{Part, Suite, forms};

use crate::story::{SPECIALIST, SUPERVISOR, appeal, events, file, instant, repeats_to, texts_to};

const PHONE: &str = "+79161230041";

async fn propose(suite: &Suite) -> proto::ticket::v1::Appeal {
    let filed = file(suite, PHONE).await;
    let assign = AssignAppealRequest {
        name: filed.name.clone(),
        assignee: "staff/specialist-1".into(),
        request_id: forms::request_id(),
        ..Default::default()
    };
    suite.ticket(SUPERVISOR).assign_appeal(assign).await.unwrap();
    suite.settle().await;
    suite.ticket(SPECIALIST).extend_deadline(forms::extension(&filed.name)).await.unwrap();
    filed
}

#[tokio::test]
async fn the_citizen_is_told_and_then_it_is_due_later() {
    let suite = Suite::start().await;
    let filed = propose(&suite).await;
    suite.settle().await;
    let extended = appeal(&suite, &filed.name).await;
    let extension = extended.extension.unwrap();
    assert_eq!((extension.state(), extended.due_time), (State::Effective, extension.due_time));
    let told = texts_to(&suite, PHONE);
    assert!(told[1].contains("продлён: нужен ответ других ведомств"), "{told:?}");

    let (old, new) = (instant(filed.due_time), instant(extended.due_time));
    assert!(new > old);
    suite.live_until(new - SignedDuration::from_secs(1), SignedDuration::from_mins(30)).await;
    let handed = events(&suite, &filed.name)
        .await
        .iter()
        .filter(|it| it.r#type() == Type::Escalated && it.clock() == ClockKind::Resolution)
        .count();
    assert_eq!((handed, repeats_to(&suite, PHONE).len()), (0, 0), "nothing is late by the new due time");
    suite.live_until(new + SignedDuration::from_secs(61), SignedDuration::from_secs(31)).await;
    assert_eq!(repeats_to(&suite, PHONE).len(), 1);
}

/// Nobody can be told: the old due time stands, and with it the breach.
#[tokio::test]
async fn while_the_notice_can_not_be_sent_the_old_due_time_governs_and_at_last_it_lapses() {
    let suite = Suite::start().await;
    let filed = propose(&suite).await;
    suite.stop_part(Part::Notification).await;
    let old = instant(filed.due_time);
    suite.live_until(old + SignedDuration::from_secs(61), SignedDuration::from_mins(30)).await;
    let late = appeal(&suite, &filed.name).await;
    assert_eq!((late.extension.unwrap().state(), late.due_time), (State::Lapsed, filed.due_time));
    assert!(late.escalation_level >= 1);
    suite.start_part(Part::Notification).await;
    suite.live_until(suite.now() + SignedDuration::from_mins(30), SignedDuration::from_mins(5)).await;
    let told = texts_to(&suite, PHONE);
    assert!(!told.iter().any(|text| text.contains("продлён")), "an untrue time was told: {told:?}");
    assert_eq!(repeats_to(&suite, PHONE).len(), 1);
}
