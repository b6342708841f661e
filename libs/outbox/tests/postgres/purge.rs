//! What is forgotten, and when.

use crate::rig::{Fault, Rig, Routes, call, metrics};
use clock::Clock;
use jiff::SignedDuration;
use outbox::{Outcome, Settings};
use std::sync::Arc;
use tonic::Code;

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn settled_calls_idle_keys_and_request_ids_go_in_their_time() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    rig.send(vec![call("idle", "one").0, call("busy", "two").0]).await;
    relay.step().await.unwrap();
    rig.advance(25 * DAY);
    assert_eq!(relay.purge().await, Ok(0));
    rig.send(vec![call("busy", "three").0]).await;
    rig.advance(1);
    assert_eq!(relay.purge().await, Ok(2));
    assert_eq!(rig.count("SELECT count(*) FROM outbox").await, 1);
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT ordering_key FROM outbox_key").fetch_all(rig.db.pool()).await.unwrap();
    assert_eq!(keys, ["busy"]);
    assert_eq!(rig.count("SELECT count(*) FROM request_id").await, 2);
    rig.advance(5 * DAY);
    assert_eq!(relay.purge().await, Ok(2));
    assert_eq!(rig.count("SELECT count(*) FROM request_id").await, 0);
    // A forgotten key begins anew.
    rig.send(vec![call("idle", "four").0]).await;
    assert_eq!(relay.step().await, Ok(2));
}

#[tokio::test]
async fn a_call_that_nobody_took_for_25_days_is_dead_and_its_request_erased() {
    let rig = Rig::new().await;
    let (receiver, routes) = (rig.receiver(), Arc::new(Routes::default()));
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    receiver.next(vec![Fault::RequestLost; 5]);
    // Five failures open the breaker; the rest is never even tried.
    rig.send((0..5).map(|n| call(&format!("k{n}"), "x").0).collect()).await;
    relay.step().await.unwrap();
    let ((first, first_id), (second, second_id)) = (call("k", "one"), call("k", "two"));
    rig.send(vec![first]).await;
    rig.advance(1);
    rig.send(vec![second]).await;
    rig.advance(25 * DAY - 1);
    // The five and the first go dead and are erased; the second is younger, and was not yet its key's head.
    assert_eq!(relay.purge().await, Ok(12));
    assert_eq!(rig.state(first_id).await, ("dead".into(), 0, Some("older than 25 days".into())));
    assert_eq!(rig.state(second_id).await.0, "waiting");
    assert!(routes.told().iter().all(|told| told.outcome == Outcome::Dead));
    assert_eq!(routes.told().len(), 6);
    // Due at the same moment as the purge is: not sent either.
    rig.advance(1);
    relay.step().await.unwrap();
    assert_eq!(rig.state(second_id).await, ("dead".into(), 1, Some("older than 25 days".into())));
    assert!(receiver.applied().is_empty());
    rig.advance(1);
    assert_eq!(relay.purge().await, Ok(1));
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE request IS NOT NULL").await, 0);
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE state = 'dead'").await, 7, "for an operator to see");
}

#[tokio::test]
async fn a_call_whose_own_time_has_passed_is_erased_where_it_stands_and_not_sent() {
    let rig = Rig::new().await;
    let (receiver, routes) = (rig.receiver(), Arc::new(Routes::default()));
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    let ends = rig.clock.now() + SignedDuration::from_mins(5);
    let ((before, before_id), (code, code_id), (behind, behind_id)) =
        (call("k", "before"), call("k", "code"), call("k", "behind"));
    rig.send(vec![before, code.expires(ends), behind]).await;
    // The receiver is away for longer than the code lives.
    receiver.next(vec![Fault::RequestLost]);
    relay.step().await.unwrap();
    rig.advance(5 * 60 - 1);
    assert_eq!(relay.purge().await, Ok(0), "its time has not passed");
    rig.advance(1);
    assert_eq!(relay.purge().await, Ok(1));
    let stored = "SELECT count(*) FROM outbox WHERE state = 'waiting' AND length(request) > 0";
    assert_eq!(rig.count(stored).await, 2, "its neighbours keep theirs");
    assert_eq!(relay.purge().await, Ok(0), "and once is enough");

    while relay.step().await.unwrap() > 0 {}
    assert_eq!(receiver.applied(), ["before", "behind"]);
    assert_eq!(rig.state(before_id).await.0, "done");
    assert_eq!(rig.state(code_id).await, ("refused".into(), 1, Some("EXPIRED".into())));
    assert_eq!(rig.state(behind_id).await.0, "done");
    let told = routes.told().into_iter().find(|told| told.call_id == code_id).map(|told| told.outcome);
    assert_eq!(told, Some(Outcome::Refused { reason: "EXPIRED".into() }));
}

#[tokio::test]
async fn the_gauges_tell_what_waits() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let (relay, registry) =
        rig.relay_of(Arc::new(outbox::NothingFollows), vec![("peer", receiver.clone())], &Settings::default());
    receiver.next([Fault::Refused(Code::NotFound, "GONE"), Fault::RequestLost]);
    rig.send(vec![call("a", "one").0]).await;
    relay.step().await.unwrap();
    rig.send(vec![call("a", "two").0, call("a", "three").0]).await;
    relay.step().await.unwrap();
    rig.advance(90);
    relay.observe().await.unwrap();
    let text = metrics(&registry);
    for line in [
        r#"otklik_outbox_waiting{destination="peer"} 2"#,
        r#"otklik_outbox_oldest_waiting_seconds{destination="peer"} 90"#,
        r#"otklik_outbox_dead{destination="peer"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}
