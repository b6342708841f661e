//! Relays that die, are slow, or work side by side.

use crate::rig::{Rig, Routes, call, metrics};
use outbox::Settings;
use std::collections::HashSet;
use std::sync::Arc;

#[tokio::test]
async fn a_relay_that_dies_with_a_call_in_hand_is_replaced_when_its_lease_ends() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let (dying, other) = (rig.relay(&receiver), rig.relay(&receiver));
    rig.send(vec![call("k", "one").0]).await;
    receiver.close_gate();
    {
        let step = dying.step();
        tokio::pin!(step);
        while receiver.attempts() == 0 {
            tokio::select! { _ = &mut step => panic!("the gate is closed"), () = tokio::task::yield_now() => {} }
        }
        // Dropped here: nothing of it is ever recorded.
    }
    receiver.gate.add_permits(9);
    rig.advance(29);
    assert_eq!(other.step().await, Ok(0), "the lease still holds");
    rig.advance(1);
    assert_eq!(other.step().await, Ok(1));
    let numbers: Vec<u32> = receiver.seen.lock().unwrap().iter().map(|attempt| attempt.number).collect();
    assert_eq!((numbers, receiver.applied()), (vec![1, 2], vec!["one".to_owned()]));
}

#[tokio::test]
async fn what_a_late_worker_records_changes_nothing() {
    let rig = Rig::new().await;
    let (receiver, fast) = (rig.receiver(), rig.receiver());
    let (slow_routes, routes) = (Arc::new(Routes::default()), Arc::new(Routes::default()));
    let (slow_relay, registry) =
        rig.relay_of(slow_routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", fast.clone())], &Settings::default());
    let (contested, id) = call("k", "one");
    rig.send(vec![contested, call("k", "two").0]).await;
    receiver.close_gate();
    let late = slow_relay.step();
    tokio::pin!(late);
    while receiver.attempts() == 0 {
        tokio::select! { _ = &mut late => panic!("the gate is closed"), () = tokio::task::yield_now() => {} }
    }
    rig.advance(30);
    assert_eq!(relay.step().await, Ok(1));
    let settled = rig.state(id).await;
    receiver.next([crate::rig::Fault::Refused(tonic::Code::NotFound, "GONE")]);
    receiver.gate.add_permits(1);
    assert_eq!(late.await, Ok(1));
    assert_eq!(rig.state(id).await, settled, "its refusal came too late to kill the call");
    assert!(slow_routes.told().is_empty());
    assert_eq!(routes.told().len(), 1);
    assert!(metrics(&registry).contains(r#"otklik_outbox_late_records_total{destination="peer"} 1"#));
    // And the second call, made a head by the one who did record, goes out once.
    assert_eq!(relay.step().await, Ok(1));
    assert_eq!(fast.applied(), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_at_once_never_make_the_same_attempt() {
    let rig = Rig::new().await;
    let receiver = rig.receiver();
    let settings = Settings { concurrency: 20, ..Settings::default() };
    for batch in 0..3 {
        rig.send((0..100).map(|n| call(&format!("k{batch}-{n}"), &format!("{batch}-{n}")).0).collect()).await;
    }
    let run = || {
        let relay = rig.relay_of(Arc::new(outbox::NothingFollows), vec![("peer", receiver.clone())], &settings).0;
        tokio::spawn(async move {
            let mut claimed = 0;
            loop {
                match relay.step().await.unwrap() {
                    0 => return claimed,
                    some => claimed += some,
                }
            }
        })
    };
    let (one, other) = (run(), run());
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!(one + other, 300);
    assert!(one > 0 && other > 0, "{one} and {other}");
    let attempts: HashSet<_> = receiver.seen.lock().unwrap().iter().map(|it| (it.call_id, it.number)).collect();
    assert_eq!((attempts.len(), receiver.attempts(), receiver.applied().len()), (300, 300, 300));
}

#[tokio::test]
async fn a_committed_call_wakes_the_lane() {
    let rig = Rig::new().await;
    let relay = rig.relay(&rig.receiver());
    let wake = relay.lanes()[0].wake();
    rig.send(vec![crate::rig::call_to("elsewhere", "k", "x").0]).await;
    assert!(futures::poll!(Box::pin(wake.notified())).is_pending());
    rig.send(vec![call("k", "x").0]).await;
    assert!(futures::poll!(Box::pin(wake.notified())).is_ready());
}
