//! Recording outcomes: with what follows, or not at all.

use crate::rig::{Rig, Routes, call, call_to};
use outbox::Settings;
use std::sync::Arc;

#[tokio::test]
async fn what_follows_is_written_with_the_settlement_and_delivered() {
    let rig = Rig::new().await;
    let (routes, ticket, notification) = (Arc::new(Routes::default()), rig.receiver(), rig.receiver());
    let ways = vec![("ticket", ticket.clone()), ("notification", notification.clone())];
    let (relay, _) = rig.relay_of(routes.clone(), ways, &Settings::default());
    let notice = call_to("notification", "appeals/1", "we are late").0;
    *routes.following.lock().unwrap() = Some(("escalation", notice));
    rig.send(vec![call_to("ticket", "appeals/1", "escalate").0.note("escalation")]).await;
    // A step looks at both destinations at once: what follows is found by this look, if it commits in time, or by the next.
    let first = relay.step().await.unwrap();
    let second = relay.step().await.unwrap();
    assert_eq!(first + second, 2);
    assert_eq!((ticket.applied(), notification.applied()), (vec!["escalate".into()], vec!["we are late".into()]));
}

#[tokio::test]
async fn a_follow_up_that_fails_keeps_back_only_its_own_call() {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let (relay, registry) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    *routes.fails.lock().unwrap() = true;
    let (failing, failing_id) = call("a", "one");
    rig.send(vec![failing.note("fails"), call("b", "two").0, call("c", "three").0]).await;
    assert_eq!(relay.step().await, Ok(3));
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE state = 'done'").await, 2);
    assert_eq!(rig.state(failing_id).await.0, "waiting");
    assert!(crate::rig::metrics(&registry).contains(r#"outcome="unrecorded"} 1"#));
    assert_eq!(relay.step().await, Ok(0), "it is still leased");
    rig.advance(30);
    *routes.fails.lock().unwrap() = false;
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(rig.state(failing_id).await.0, "done");
    let mut applied = receiver.applied();
    applied.sort();
    assert_eq!(applied, ["one", "three", "two"], "delivered twice, applied once");
    assert_eq!(rig.count("SELECT count(*) FROM told").await, 3);
}

#[tokio::test]
async fn a_crash_between_delivery_and_record_loses_nothing_and_doubles_nothing() {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    let (sent, id) = call("k", "one");
    rig.send(vec![sent, call("k", "two").0]).await;
    // The settlement waits for a lock that somebody else holds; there the process dies.
    let mut holder = rig.db.pool().begin().await.unwrap();
    {
        let step = relay.step();
        tokio::pin!(step);
        while receiver.applied().is_empty() {
            if receiver.attempts() == 1 {
                sqlx::query("SELECT FROM outbox WHERE call_id = $1 FOR UPDATE")
                    .bind(id)
                    .execute(&mut *holder)
                    .await
                    .unwrap();
            }
            tokio::select! { _ = &mut step => panic!("the row is locked"), () = tokio::task::yield_now() => {} }
        }
    }
    holder.rollback().await.unwrap();
    assert_eq!(rig.state(id).await.0, "waiting");
    rig.advance(30);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(receiver.applied(), ["one", "two"]);
    assert_eq!(receiver.attempts(), 3);
    assert_eq!(rig.count("SELECT count(*) FROM told").await, 2, "what the dying relay wrote was rolled back");
}

#[tokio::test]
async fn a_request_that_can_not_be_opened_is_dead_and_not_sent() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    let ((moved, moved_id), (other, other_id)) = (call("a", "one"), call("b", "two"));
    rig.send(vec![moved, other]).await;
    // A sealed value that was copied from another row does not open.
    sqlx::query("UPDATE outbox SET request = (SELECT request FROM outbox WHERE call_id = $2) WHERE call_id = $1")
        .bind(moved_id)
        .bind(other_id)
        .execute(rig.db.pool())
        .await
        .unwrap();
    assert_eq!(relay.step().await, Ok(2));
    assert_eq!(rig.state(moved_id).await.0, "dead");
    assert_eq!(receiver.applied(), ["two"]);
}
