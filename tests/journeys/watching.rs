//! A watch over real gRPC: by one replica of what happens at another, through a stop of its own, and for as long as it likes.

use bootstrap::Time;
use futures::FutureExt as _;
use proto::ticket::v1::{WatchAppealRequest, WatchAppealResponse};
use tests::{Part, Replica, Suite, SuiteOptions, forms};
use tonic::{Code, Streaming};
use tonic_types::StatusExt as _;

use crate::story::{SUPERVISOR, file, why};

const PHONE: &str = "+79161230077";

async fn watch(suite: &Suite, at: &Replica, name: &str, cursor: &str) -> Streaming<WatchAppealResponse> {
    let request = WatchAppealRequest { name: name.to_owned(), start_cursor: cursor.to_owned() };
    suite.ticket_at(at, SUPERVISOR).watch_appeal(request).await.expect("staff may watch").into_inner()
}

async fn told(messages: &mut Streaming<WatchAppealResponse>) -> WatchAppealResponse {
    messages.message().await.expect("it goes on").expect("it does not end by itself")
}

#[tokio::test]
async fn a_watch_hears_of_another_replicas_changes_and_goes_on_there_when_its_own_stops() {
    let suite = Suite::start().await;
    let own = suite.add_replica(Part::Ticket, Time::Given(suite.clock())).await;
    let filed = file(&suite, PHONE).await;
    let mut messages = watch(&suite, &own, &filed.name, "").await;
    assert_eq!(told(&mut messages).await.appeal.unwrap().name, filed.name);

    // By the replica that everybody knows.
    suite.ticket("portal").post_message(forms::message(&filed.name, "Здравствуйте")).await.unwrap();
    own.step("watch").await;
    let heard = told(&mut messages).await;
    assert_eq!(heard.events.len(), 1);
    // By its own, which needs no look to know that there is something to see.
    let wake = &own.loops.iter().find(|it| it.name == "watch").unwrap().wake;
    assert!(wake.notified().now_or_never().is_none());
    suite.ticket_at(&own, "portal").post_message(forms::message(&filed.name, "Есть новости?")).await.unwrap();
    assert!(wake.notified().now_or_never().is_some());
    own.step("watch").await;
    assert_eq!(told(&mut messages).await.events.len(), 1);

    own.stop().await;
    let end = messages.message().await.unwrap_err();
    assert_eq!(why(&end), (Code::Unavailable, "WATCH_ENDED".to_owned()));
    assert!(end.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()), "and when to come back");

    let other = suite.replicas().await.into_iter().find(|it| it.part == Part::Ticket).unwrap();
    let mut again = watch(&suite, &other, &filed.name, &heard.cursor).await;
    let missed = told(&mut again).await;
    assert_eq!(missed.events.len(), 1, "the one after the cursor");
}

/// With room for one call at a time.
#[tokio::test]
async fn a_watch_takes_no_calls_place() {
    let presets = vec![(Part::Ticket, "grpc.max_in_flight", 1.into())];
    let suite = Suite::with(SuiteOptions { presets, ..SuiteOptions::default() }).await;
    let at = suite.replicas().await.into_iter().find(|it| it.part == Part::Ticket).unwrap();
    let filed = file(&suite, PHONE).await;
    let mut both = [watch(&suite, &at, &filed.name, "").await, watch(&suite, &at, &filed.name, "").await];
    for messages in &mut both {
        told(messages).await;
    }
    suite.ticket("portal").post_message(forms::message(&filed.name, "Здравствуйте")).await.expect("its place is free");
    at.step("watch").await;
    for messages in &mut both {
        assert_eq!(told(messages).await.events.len(), 1);
    }
}
