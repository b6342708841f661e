//! A watch over real gRPC: by one replica of what happens at another, through a stop of its own, and for as long as it likes.

use bootstrap::Time;
use futures::FutureExt as _;
use jiff::SignedDuration;
use proto::from_wire;
use proto::sla::v1::breach::Event;
use proto::sla::v1::{Breach, ClockKind, WatchBreachesRequest, WatchBreachesResponse};
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

/// Everything up to the resolution's level 1 having it, with as many looks as it takes: other tests' transactions hold the log up.
async fn handed_up(at: &Replica, messages: &mut Streaming<WatchBreachesResponse>) -> Vec<Breach> {
    let mut all: Vec<Breach> = Vec::new();
    let is_it = |it: &Breach| it.event() == Event::Accepted && it.clock() == ClockKind::Resolution;
    while !all.iter().any(is_it) {
        tokio::select! {
            biased;
            message = messages.message() => {
                all.extend(message.expect("it goes on").expect("it does not end by itself").breaches);
            }
            _ = at.step("watch") => {}
        }
    }
    all
}

#[tokio::test]
async fn a_watch_of_breaches_hears_what_another_replica_fires_and_goes_on_there_when_its_own_stops() {
    let suite = Suite::start().await;
    let own = suite.add_replica(Part::Sla, Time::Given(suite.clock())).await;
    let filed = file(&suite, PHONE).await;
    let due = from_wire(filed.due_time.as_ref().unwrap()).unwrap();
    // A watch does not last as long as a term.
    suite.hand.set(due - SignedDuration::from_mins(30));
    suite.settle().await;
    let watch = async |at: &Replica, cursor: &str| {
        let request = WatchBreachesRequest { start_cursor: cursor.to_owned(), ..Default::default() };
        suite.sla_at(at, "portal").watch_breaches(request).await.expect("systems may watch").into_inner()
    };
    let mut messages = watch(&own, "").await;
    let first = messages.message().await.unwrap().expect("a cursor comes at once");
    assert_eq!(first.breaches, []);

    suite.hand.set(due);
    suite.settle().await;
    let heard = handed_up(&own, &mut messages).await;
    assert!(heard.iter().all(|it| it.appeal == filed.name && it.number == filed.number));
    assert!(heard.iter().any(|it| it.event() == Event::Breached && it.clock() == ClockKind::Resolution));

    own.stop().await;
    let end = messages.message().await.unwrap_err();
    assert_eq!(why(&end), (Code::Unavailable, "WATCH_ENDED".to_owned()));
    let other = suite.replicas().await.into_iter().find(|it| it.part == Part::Sla).unwrap();
    let mut again = watch(&other, &first.cursor).await;
    assert_eq!(handed_up(&other, &mut again).await, heard, "the same from the start, in the same order");
}
