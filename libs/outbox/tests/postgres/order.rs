//! Calls of one key keep their order, whoever adds and settles at the same time.

use crate::rig::{Fault, Rig, call};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tonic::Code;

#[tokio::test]
async fn one_key_is_delivered_one_by_one_and_keys_side_by_side() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    rig.send(vec![call("a", "a1").0, call("b", "b1").0, call("a", "a2").0]).await;
    rig.send(vec![call("b", "b2").0, call("a", "a3").0]).await;
    let mut steps = Vec::new();
    loop {
        let before = receiver.applied().len();
        if relay.step().await.unwrap() == 0 {
            break;
        }
        let mut step = receiver.applied().split_off(before);
        step.sort();
        steps.push(step.join(" "));
    }
    assert_eq!(steps, ["a1 b1", "a2 b2", "a3"]);
}

#[tokio::test]
async fn a_call_that_waits_holds_its_key_and_a_dead_one_does_not() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    receiver.next([Fault::RequestLost, Fault::Refused(Code::NotFound, "GONE")]);
    rig.send(vec![call("a", "a1").0, call("a", "a2").0]).await;
    relay.step().await.unwrap();
    assert_eq!(relay.step().await, Ok(0), "the second waits for the first");
    rig.advance(1);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(relay.step().await, Ok(1), "the first is dead, so the second is next");
    assert_eq!(receiver.applied(), ["a2"]);
    // Written when all before it are finished, it is a head from the start.
    rig.send(vec![call("a", "a3").0]).await;
    assert_eq!(relay.step().await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_head_is_lost_while_calls_are_added_and_settled_at_once() {
    let rig = Arc::new(Rig::new().await);
    let receiver = rig.receiver();
    let adding = Arc::new(AtomicBool::new(true));
    let relays: Vec<_> = (0..2)
        .map(|_| {
            let (relay, adding) = (rig.relay(&receiver), adding.clone());
            tokio::spawn(async move {
                // Once nothing is added any more, one idle step of each relay means that everything was delivered.
                loop {
                    let last = !adding.load(Ordering::SeqCst);
                    if relay.step().await.unwrap() == 0 && last {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..4)
        .map(|key| {
            let rig = rig.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    rig.send(vec![call(&format!("k{key}"), &format!("{key}-{n:02}")).0]).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    adding.store(false, Ordering::SeqCst);
    for relay in relays {
        relay.await.unwrap();
    }
    // A relay may find nothing while the other holds the last head; what that one promotes is delivered here.
    let last = rig.relay(&receiver);
    while last.step().await.unwrap() > 0 {}
    let applied = receiver.applied();
    for key in 0..4 {
        let of_key: Vec<_> = applied.iter().filter(|it| it.starts_with(&format!("{key}-"))).cloned().collect();
        let expected: Vec<_> = (0..25).map(|n| format!("{key}-{n:02}")).collect();
        assert_eq!(of_key, expected);
    }
    assert_eq!(rig.count("SELECT count(*) FROM outbox_key WHERE last_seq <> 25 OR finished_seq <> 25").await, 0);
}

/// The race itself, step by step: a call is being added while the one before it is settled.
#[tokio::test]
async fn a_settlement_waits_for_a_call_being_added_and_makes_it_the_head() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let relay = rig.relay(&receiver);
    rig.send(vec![call("a", "a1").0]).await;
    let (added, go_on) = (Notify::new(), Notify::new());
    let adding = async {
        store::transaction!(rig.db, "add", |tx| -> Result<(), store::Error> {
            rig.outbox.enqueue(tx, rig.db.now(), vec![call("a", "a2").0]).await?;
            added.notify_one();
            go_on.notified().await;
            Ok(())
        })
        .unwrap();
    };
    let settling = async {
        added.notified().await;
        assert_eq!(relay.step().await, Ok(1));
    };
    let releasing = async {
        let blocked =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while rig.count(blocked).await == 0 {
            tokio::task::yield_now().await;
        }
        go_on.notify_one();
    };
    tokio::join!(adding, settling, releasing);
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(receiver.applied(), ["a1", "a2"]);
}
