//! Workers that die or are slow (N-05, N-19).

use proto::notification::v1::{delivery, notification::State};
use testkit::smsc::{Act, Gate};

use crate::rig::{Lane, Rig, short};

#[tokio::test]
async fn after_a_workers_death_another_takes_over_and_says_that_it_may_be_double() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.script([Act::AcceptInSilence]);
    let worker = rig.dispatching(Lane::Normal);
    rig.smsc.until(|seen| seen.submits.len() == 1).await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    assert_eq!(rig.delivery(&it).await.state(), delivery::State::Sending);

    rig.advance(89);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0, "the lease is still on");
    rig.advance(1);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.attempts), (delivery::State::Accepted, 2));
    assert!(delivery.possibly_doubled);
    assert_eq!(rig.states_told().await, [State::Sent]);
}

#[tokio::test]
async fn a_message_that_outlives_two_workers_is_not_given_to_a_third() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.otherwise(Act::AcceptInSilence);
    for submits in 1..=2 {
        let worker = rig.dispatching(Lane::Normal);
        rig.smsc.until(|seen| seen.submits.len() == submits).await;
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
        rig.advance(90);
    }
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Failed, "UNKNOWN_OUTCOME"));
    assert_eq!((rig.smsc.submits().len(), rig.states_told().await), (2, vec![State::Failed]));
}

#[tokio::test]
async fn what_a_dead_worker_had_not_begun_is_in_no_doubt_however_often_it_happens() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    let mut admin = rig.admin().await;
    for _ in 0..5 {
        // Claimed by a process that is gone.
        sqlx::query("UPDATE delivery SET state = 'sending', lease_token = gen_random_uuid()")
            .execute(&mut admin)
            .await
            .unwrap();
        rig.smsc.script([Act::Throttle]);
        assert_eq!(rig.dispatch(Lane::Normal).await, 1);
        rig.advance(3600);
    }
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.possibly_doubled), (delivery::State::Accepted, false));
}

#[tokio::test]
async fn what_a_late_worker_records_changes_nothing() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    let gate = Gate::new();
    rig.smsc.script([Act::Hold(gate.clone())]);
    let late = rig.dispatching(Lane::Normal);
    gate.reached().await;
    rig.advance(90);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let recorded = rig.get(&it).await;
    assert_eq!(recorded.state(), State::Sent);

    rig.advance(5);
    gate.open();
    assert_eq!(late.await.unwrap(), 1);
    assert_eq!(rig.get(&it).await, recorded);
    assert_eq!(rig.states_told().await, [State::Sent]);
    // Only what the second one recorded is waited for.
    let references = "SELECT count(*) FROM delivery_part WHERE reference <> 'sms-2'";
    assert_eq!(rig.count(references).await, 0);
}

#[tokio::test]
async fn a_late_refusal_does_not_send_what_another_worker_has_sent() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    let gate = Gate::new();
    rig.smsc.script([Act::Hold(gate.clone())]);
    let late = rig.dispatching(Lane::Normal);
    gate.reached().await;
    rig.advance(90);
    rig.dispatch(Lane::Normal).await;
    // The late one never gets its answer: to it the outcome is unknown, and it would try again.
    rig.smsc.drop_connections();
    assert_eq!(late.await.unwrap(), 1);
    rig.advance(3600);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
    assert_eq!(rig.delivery(&it).await.state(), delivery::State::Accepted);
    assert_eq!(rig.smsc.submits().len(), 2);
}

#[tokio::test]
async fn two_workers_never_have_the_same_message() {
    let rig = Rig::new().await;
    for _ in 0..40 {
        rig.send(short(rig.now())).await;
    }
    let workers: Vec<_> = (0..4).map(|_| rig.dispatching(Lane::Normal)).collect();
    let mut worked = 0;
    for worker in workers {
        worked += worker.await.unwrap();
    }
    worked += rig.dispatch(Lane::Normal).await;
    assert_eq!((worked, rig.smsc.submits().len()), (40, 40));
}
