//! Workers that die or are slow (N-05, N-19).

use jiff::SignedDuration;
use proto::notification::v1::{Channel, delivery, notification::State};
use testkit::smsc::{Act, Gate};

use crate::rig::{Lane, PATIENCE, Rig, code, overdue, request_id, resolution, short, subject};

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
async fn a_send_may_last_longer_than_its_lease() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    let gate = Gate::new();
    rig.smsc.script([Act::Hold(gate.clone())]);
    let slow = rig.dispatching(Lane::Normal);
    gate.reached().await;
    for _ in 0..4 {
        let before = rig.now();
        rig.advance(60);
        let renewed = async { while rig.leased_until().await <= before + SignedDuration::from_secs(90) {} };
        tokio::time::timeout(PATIENCE, renewed).await.expect("the lease was not renewed");
        assert_eq!(rig.dispatch(Lane::Normal).await, 0, "nobody else takes it");
    }
    gate.open();
    assert_eq!(slow.await.unwrap(), 1);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.attempts), (delivery::State::Accepted, 1));
    assert!(!delivery.possibly_doubled);
    assert_eq!(rig.smsc.submits().len(), 1);
}

#[tokio::test]
async fn a_killed_worker_costs_a_code_seconds() {
    let rig = Rig::new().await;
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817", Channel::Sms)).await.unwrap();
    rig.smsc.script([Act::AcceptInSilence]);
    let worker = rig.dispatching(Lane::Code);
    rig.smsc.until(|seen| seen.submits.len() == 1).await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    rig.advance(20);
    assert_eq!(rig.dispatch(Lane::Code).await, 1);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
}

#[tokio::test]
async fn what_became_untrue_while_it_waited_its_turn_is_not_sent() {
    let rig = Rig::new().await;
    let appeal = subject();
    // The queue's first sixteen stand at the centre; the one behind them is claimed and waits.
    let gate = Gate::new();
    rig.smsc.otherwise(Act::Hold(gate.clone()));
    for _ in 0..16 {
        rig.send_as("sla", &request_id(), overdue(rig.now(), &subject())).await.unwrap();
    }
    rig.advance(1);
    let repeat = rig.send_as("sla", &request_id(), overdue(rig.now(), &appeal)).await.unwrap();
    let mut admin = rig.admin().await;
    // Claims come back by id.
    sqlx::query(
        "UPDATE delivery SET delivery_id = 'ffffffff-ffff-4fff-bfff-ffffffffffff' WHERE notification_id = $1::uuid",
    )
    .bind(repeat.name.trim_start_matches("notifications/"))
    .execute(&mut admin)
    .await
    .unwrap();
    sqlx::query("UPDATE delivery SET masked_address = NULL").execute(&mut admin).await.unwrap();
    let worker = rig.dispatching(Lane::Emergency);
    // One place of the window's ten is kept for codes.
    for _ in 0..9 {
        gate.reached().await;
    }
    rig.send(resolution(rig.now(), &appeal)).await;
    (0..40).for_each(|_| gate.open());
    assert_eq!(worker.await.unwrap(), 17);
    assert_eq!(rig.get(&repeat).await.state(), State::Dropped);
    assert_eq!(rig.smsc.messages().len(), 16);
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
