//! Whoever has an appeal is reminded that its time nears, as often as the policy says.

use std::collections::BTreeSet;

use deadline::Warning;
use jiff::SignedDuration;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal_event::Type;
use tests::Suite;

use crate::story::{acted_levels, events, file, give, hours, instant, notices};

#[tokio::test]
async fn who_has_it_is_reminded_as_often_as_the_policy_says() {
    let suite = Suite::start().await;
    suite.publish(|policy| policy.resolution.earlier = vec![Warning::Percent(50), Warning::Percent(25)]).await;
    let filed = file(&suite, "+79161230098").await;
    give(&suite, &filed.name).await;
    suite.settle().await;
    suite.live_until(instant(filed.due_time) - SignedDuration::from_mins(1), hours(1)).await;

    let warned = events(&suite, &filed.name).await.into_iter();
    let warned = warned.filter(|it| it.r#type() == Type::DeadlineWarned && it.clock() == ClockKind::Resolution);
    assert_eq!(warned.map(|it| it.level).collect::<Vec<_>>(), [-2, -1, 0]);
    let told = notices(&suite, &filed.name).await.into_iter().filter(|it| it.template == "staff_reminder").count();
    // One of them falls into the moment of the first answer's: who is warned of both at once hears of it once.
    let moments = events(&suite, &filed.name).await.into_iter().filter(|it| it.r#type() == Type::DeadlineWarned);
    let moments: BTreeSet<_> = moments.map(|it| instant(it.event_time)).collect();
    assert_eq!((told, moments.len()), (3, 3));
    assert_eq!(acted_levels(&suite, &filed.name).await, [0; 0], "and it is not late");
}
