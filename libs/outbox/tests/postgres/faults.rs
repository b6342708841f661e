//! What the transport and the receiver may do to an attempt.

use crate::rig::{Fault, Rig, Routes, call, call_to, metrics};
use clock::Clock as _;
use jiff::SignedDuration;
use outbox::{Found, Outcome, Settings};
use proto::outbox::v1::RequeueCallRequest;
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;

#[tokio::test]
async fn a_call_is_sealed_delivered_and_erased() {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let (relay, registry) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    let (to_send, id) = call("appeals/1", "Ivan Petrov, +7 921 555 41 22");
    rig.send(vec![to_send.note(serde_json::json!({"appeal": 1}))]).await;
    let stored: Vec<u8> = sqlx::query_scalar("SELECT request FROM outbox").fetch_one(rig.db.pool()).await.unwrap();
    assert!(!stored.windows(4).any(|four| four == b"Ivan"));
    rig.advance(2);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(relay.step().await, Ok(0));
    assert_eq!(receiver.applied(), ["Ivan Petrov, +7 921 555 41 22"]);
    assert_eq!(receiver.seen.lock().unwrap()[0].call_id, id);
    assert_eq!(rig.state(id).await, ("done".into(), 1, None));
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE request IS NOT NULL").await, 0);
    let told = &routes.told()[0];
    assert_eq!((told.call_id, told.key.as_str(), told.note["appeal"].as_i64()), (id, "appeals/1", Some(1)));
    let answer = told.answer::<RequeueCallRequest>().unwrap().unwrap();
    assert_eq!(answer.name, "applied Ivan Petrov, +7 921 555 41 22");
    let metrics = metrics(&registry);
    assert!(metrics.contains(r#"otklik_outbox_attempts_total{destination="peer",outcome="done"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"otklik_outbox_settle_seconds_sum{destination="peer"} 2"#), "{metrics}");
}

#[tokio::test]
async fn a_call_of_a_rolled_back_transaction_was_never_there() {
    let rig = Rig::new().await;
    let result = store::transaction!(rig.db, "undone", |tx| -> Result<(), store::Error> {
        rig.outbox.enqueue(tx, rig.db.now(), vec![call("k", "no").0]).await?;
        Err(store::Error::Other("changed its mind".into()))
    });
    result.unwrap_err();
    assert_eq!(rig.relay(&rig.receiver()).step().await, Ok(0));
}

#[tokio::test]
async fn a_lost_request_is_sent_again_after_a_pause() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    receiver.next([Fault::RequestLost]);
    let (lost, id) = call("k", "one");
    rig.send(vec![lost]).await;
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(rig.state(id).await, ("waiting".into(), 1, Some("UNAVAILABLE".into())));
    assert_eq!(relay.step().await, Ok(0), "not before its pause");
    rig.advance(1);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!((rig.state(id).await.0.as_str(), receiver.applied()), ("done", vec!["one".into()]));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_the_request_applied_once() {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    receiver.next([Fault::AnswerLost, Fault::AnswerLost]);
    rig.send(vec![call("k", "one").0]).await;
    for _ in 0..3 {
        assert_eq!(relay.step().await, Ok(1));
        rig.advance(2);
    }
    assert_eq!((receiver.attempts(), receiver.applied()), (3, vec!["one".into()]));
    let told = routes.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].answer::<RequeueCallRequest>().unwrap().unwrap().name, "applied one");
}

#[tokio::test]
async fn a_refusal_settles_the_call_as_the_route_says() {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    receiver.next([Fault::Refused(Code::FailedPrecondition, "APPEAL_CLOSED")]);
    let (expected, expected_id) = call("k", "one");
    rig.send(vec![expected]).await;
    relay.step().await.unwrap();
    receiver.next([Fault::Refused(Code::FailedPrecondition, "EPOCH_STALE")]);
    let (unexpected, unexpected_id) = call("k", "two");
    rig.send(vec![unexpected]).await;
    relay.step().await.unwrap();
    assert_eq!(rig.state(expected_id).await, ("refused".into(), 1, Some("APPEAL_CLOSED".into())));
    let dead = Some("FAILED_PRECONDITION EPOCH_STALE".to_owned());
    assert_eq!(rig.state(unexpected_id).await, ("dead".into(), 1, dead));
    let outcomes: Vec<_> = routes.told().into_iter().map(|told| told.outcome).collect();
    assert!(outcomes == [Outcome::Refused { reason: "APPEAL_CLOSED".into() }, Outcome::Dead], "{outcomes:?}");
    // A dead call keeps its request, for an operator to send again; a refused one does not.
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE state = 'dead' AND request IS NOT NULL").await, 1);
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE state = 'refused' AND request IS NULL").await, 1);
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE last_error LIKE '%921%'").await, 0);
    rig.advance(3600);
    assert_eq!(relay.step().await, Ok(0));
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_gets_it() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    receiver.next([Fault::Later(Code::ResourceExhausted, Duration::from_secs(120))]);
    rig.send(vec![call("k", "one").0]).await;
    relay.step().await.unwrap();
    rig.advance(119);
    assert_eq!(relay.step().await, Ok(0));
    rig.advance(14);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(receiver.applied(), ["one"]);
}

#[tokio::test]
async fn no_transport_error_kills_a_call() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    let codes = [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Aborted,
        Code::ResourceExhausted,
        Code::Cancelled,
        Code::Unauthenticated,
        Code::Unimplemented,
        Code::Unknown,
        Code::Internal,
    ];
    receiver.next(codes.map(Fault::Bare));
    let (stubborn, id) = call("k", "one");
    rig.send(vec![stubborn]).await;
    for attempt in 1..=10 {
        assert_eq!(relay.step().await, Ok(1), "attempt {attempt}");
        rig.advance(30);
    }
    assert_eq!(rig.state(id).await, ("done".into(), 10, None));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_after_the_deadline() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    receiver.close_gate();
    let settings = Settings { call_deadline_ms: 50, ..Settings::default() };
    let relay = rig.relay_of(Arc::new(outbox::NothingFollows), vec![("peer", receiver.clone())], &settings).0;
    let (slow, id) = call("k", "one");
    rig.send(vec![slow]).await;
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(rig.state(id).await, ("waiting".into(), 1, Some("DEADLINE_EXCEEDED".into())));
    assert_eq!(receiver.seen.lock().unwrap()[0].deadline, Duration::from_millis(50));
}

#[tokio::test]
async fn a_destination_that_is_away_is_spared_and_holds_up_nobody() {
    let rig = Rig::new().await;
    let (away, there) = (rig.receiver(), rig.receiver());
    let ways = vec![("away", away.clone()), ("there", there.clone())];
    let (relay, registry) = rig.relay_of(Arc::new(outbox::NothingFollows), ways, &Settings::default());
    away.next(vec![Fault::RequestLost; 8]);
    rig.send((0..20).map(|n| call_to("away", &format!("k{n}"), "x").0).collect()).await;
    away.close_gate();
    let (all, tried) = (|calls| Ok(Found::Due { calls, all: true }), || Ok(Found::Due { calls: 1, all: false }));
    let [away_lane, there_lane] = relay.lanes() else { panic!("two lanes") };
    let hanging = away_lane.step();
    tokio::pin!(hanging);
    while away.attempts() < 20 {
        tokio::select! { _ = &mut hanging => panic!("the gate is closed"), () = tokio::task::yield_now() => {} }
    }
    rig.send(vec![call_to("there", "k", "through").0]).await;
    assert_eq!(there_lane.step().await, all(1));
    assert_eq!(there.applied(), ["through"]);
    // 8 fail, and 12 that were under way succeed: any answer closes the breaker again.
    away.gate.add_permits(20);
    assert_eq!(hanging.await, all(20));
    rig.advance(2);
    away.next(vec![Fault::RequestLost; 9]);
    assert_eq!(away_lane.step().await, all(8));
    assert!(metrics(&registry).contains(r#"otklik_outbox_breaker_open{destination="away"} 1"#));
    // All 8 are due again, but only one goes through, and that one fails too.
    rig.advance(5);
    assert_eq!(away_lane.step().await, tried());
    assert_eq!(away_lane.step().await, Ok(Found::Spared));
    rig.advance(30);
    assert_eq!(away_lane.step().await, tried());
    assert_eq!(away_lane.step().await, all(7));
    assert!(metrics(&registry).contains(r#"otklik_outbox_breaker_open{destination="away"} 0"#));
    assert_eq!(away.applied().len(), 20);
}

#[tokio::test]
async fn a_destination_that_is_away_is_not_caught_up_with_while_its_only_call_waits_for_its_retry() {
    let rig = Rig::new().await;
    let away = rig.receiver();
    let settings = Settings { breaker_limit: 1, ..Settings::default() };
    let relay = rig.relay_of(Arc::new(outbox::NothingFollows), vec![("away", away.clone())], &settings).0;
    let [lane] = relay.lanes() else { panic!("one lane") };
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 0, all: true }), "nobody is away as far as is known");
    away.next(vec![Fault::RequestLost; 8]);
    rig.send(vec![call_to("away", "k", "x").0]).await;
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 1, all: true }));
    // From the sixth on a call waits 15 s at least, which is longer than the breaker does: then there is nothing to try it with.
    let mut spared = 0;
    for second in 0.. {
        assert!(second < 300, "eight pauses of at most 30 s");
        rig.advance(1);
        let found = lane.step().await.unwrap();
        if away.applied() == ["x"] {
            break;
        }
        assert_eq!(found.calls() == 0, found == Found::Spared, "{found:?} after {second} s");
        spared += usize::from(found == Found::Spared);
    }
    assert!(spared > 10, "mostly there was nothing to try it with: {spared}");
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 0, all: true }), "it is back, and all is done");
}

#[tokio::test]
async fn nobody_is_behind_a_destination_that_is_away_and_that_nothing_waits_for() {
    let rig = Rig::new().await;
    let away = rig.receiver();
    let settings = Settings { breaker_limit: 1, ..Settings::default() };
    let relay = rig.relay_of(Arc::new(outbox::NothingFollows), vec![("away", away.clone())], &settings).0;
    let [lane] = relay.lanes() else { panic!("one lane") };
    away.next(vec![Fault::RequestLost]);
    rig.send(vec![call_to("away", "k", "x").0.expires(rig.clock.now() + SignedDuration::from_secs(60))]).await;
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 1, all: true }));
    assert_eq!(lane.step().await, Ok(Found::Spared));
    // It is over before it is tried again, so nobody has heard of the destination since.
    rig.advance(90);
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 1, all: false }));
    rig.advance(90);
    assert_eq!(lane.step().await, Ok(Found::Due { calls: 0, all: true }));
    assert_eq!((away.attempts(), away.applied().len()), (1, 0));
}
