//! From the queue to the handset, and what comes back from it (N-03, N-04).

use proto::notification::v1::Channel;
use proto::notification::v1::{delivery, notification::State};
use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use sqlx::Connection as _;
use testkit::smsc::{Act, Form, Gate, Receipts};

use crate::rig::{Lane, PHONE, Rig, registration, request_id, short};

#[tokio::test]
async fn delivered_when_every_part_is_and_each_step_is_told_once() {
    let rig = Rig::new().await;
    let id = request_id();
    let it = rig.send_as("ticket", &id, registration(rig.now(), Channel::Sms)).await.unwrap();
    assert_eq!(it.state(), State::Queued);
    assert!(rig.told().await.is_empty());

    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let messages = rig.smsc.messages();
    assert_eq!((messages.len(), messages[0].whole, messages[0].parts.len()), (1, true, 2));
    assert_eq!(format!("+{}", messages[0].to), PHONE);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert_eq!(rig.states_told().await, [State::Sent]);

    // The second part first, each receipt twice, and one about the way in between.
    let [first, second] = [&messages[0].parts[0], &messages[0].parts[1]];
    for (part, state) in [
        (second, MessageState::Delivered),
        (second, MessageState::Delivered),
        (first, MessageState::Enroute),
        (first, MessageState::Delivered),
        (first, MessageState::Delivered),
    ] {
        let (answered, ()) = tokio::join!(rig.smsc.deliver(part, state, Form::Tlv), rig.receive(1));
        assert_eq!(answered, Some(CommandStatus::EsmeRok), "answered when it is stored");
        let is_whole = (part, state) == (first, MessageState::Delivered);
        if !is_whole && rig.get(&it).await.state() != State::Delivered {
            assert_eq!(rig.get(&it).await.state(), State::Sent);
        }
    }
    let told = rig.told().await;
    let states: Vec<_> = told.iter().map(|(_, outcome)| (outcome.state(), outcome.channel())).collect();
    assert_eq!(states, [(State::Sent, Channel::Sms), (State::Delivered, Channel::Sms)]);
    for (peer, outcome) in &told {
        assert_eq!((*peer, &outcome.send_request_id), ("ticket", &id));
        assert_eq!((&outcome.notification, &outcome.subject), (&it.name, &it.subject));
    }
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.attempts), (delivery::State::Delivered, 1));
    assert!(delivery.accept_time.is_some() && delivery.receipt_time.is_some() && !delivery.possibly_doubled);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}

#[tokio::test]
async fn a_receipt_that_beats_our_own_commit_waits_for_it() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Sms)).await;
    rig.smsc.receipts(Receipts::BeforeAnswer(MessageState::Delivered));
    let gate = Gate::new();
    rig.smsc.script([Act::Accept, Act::Hold(gate.clone())]);
    let worker = rig.dispatching(Lane::Normal);
    gate.reached().await;
    // The first part is on the handset, and nothing of it is recorded yet.
    rig.receive(1).await;
    assert_eq!(rig.count("SELECT count(*) FROM parked_receipt").await, 1);
    gate.open();
    assert_eq!(worker.await.unwrap(), 1);
    rig.receive(1).await;
    assert_eq!(rig.get(&it).await.state(), State::Delivered);
    assert_eq!(rig.states_told().await, [State::Sent, State::Delivered]);
    assert_eq!(rig.count("SELECT count(*) FROM parked_receipt").await, 0);
}

#[tokio::test]
async fn a_receipt_that_meets_our_commit_halfway_is_not_lost() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    // The one who parks a receipt stops before the insert until the test lets go of lock 1.
    let mut admin = rig.admin().await;
    for sql in [
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN new; END'",
        "CREATE TRIGGER hold BEFORE INSERT ON parked_receipt FOR EACH ROW EXECUTE FUNCTION hold()",
        "SELECT pg_advisory_lock(1)",
    ] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
    let gate = Gate::new();
    rig.smsc.receipts(Receipts::BeforeAnswer(MessageState::Delivered));
    rig.smsc.script([Act::Hold(gate.clone())]);
    let worker = rig.dispatching(Lane::Normal);
    gate.reached().await;
    // The worker can't record before the receipt's writer is there: it would find the reference, and nobody would ever wait.
    let mut other = rig.admin().await;
    let mut held = other.begin().await.unwrap();
    sqlx::query("SELECT FROM notification FOR UPDATE").execute(&mut *held).await.unwrap();
    let parking = async {
        gate.open();
        rig.receive(1).await;
    };
    let committing = async {
        // The receipt's writer has looked for the reference in vain; the worker now records it, or waits for the other.
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        while rig.count(waiting).await == 0 {}
        held.rollback().await.unwrap();
        while !worker.is_finished() && rig.count(waiting).await < 2 {}
        sqlx::query("SELECT pg_advisory_unlock(1)").execute(&mut admin).await.unwrap();
        worker.await.unwrap();
    };
    tokio::join!(parking, committing);
    assert_eq!(rig.get(&it).await.state(), State::Delivered);
    assert_eq!(rig.count("SELECT count(*) FROM parked_receipt").await, 0);
}

#[tokio::test]
async fn a_delivery_wins_over_an_early_expiry_and_nothing_over_a_delivery() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.dispatch(Lane::Normal).await;
    let part = rig.smsc.messages()[0].parts[0].clone();
    for (state, expected) in [
        (MessageState::Expired, State::Expired),
        (MessageState::Delivered, State::Delivered),
        (MessageState::Undeliverable, State::Delivered),
    ] {
        tokio::join!(rig.smsc.deliver(&part, state, Form::Text), rig.receive(1));
        assert_eq!(rig.get(&it).await.state(), expected);
    }
    assert_eq!(rig.states_told().await, [State::Sent, State::Expired, State::Delivered]);
    assert_eq!(rig.delivery(&it).await.state(), delivery::State::Delivered);
    assert_eq!(rig.delivery(&it).await.reason, "");
}

#[tokio::test]
async fn a_part_that_the_network_gives_up_fails_the_message_with_its_reason() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Sms)).await;
    rig.dispatch(Lane::Normal).await;
    let part = rig.smsc.messages()[0].parts[1].clone();
    tokio::join!(rig.smsc.deliver(&part, MessageState::Undeliverable, Form::Tlv), rig.receive(1));
    assert_eq!(rig.delivery(&it).await.state(), delivery::State::Failed);
    let told = rig.told().await;
    let last = &told.last().unwrap().1;
    assert_eq!((told.len(), last.state(), last.channel()), (2, State::Failed, Channel::Unspecified));
    assert_eq!(last.reason, rig.delivery(&it).await.reason);
    assert!(!last.reason.is_empty());
}

#[tokio::test]
async fn a_parked_receipt_that_nobody_asks_for_is_forgotten_after_three_days() {
    let rig = Rig::new().await;
    rig.send(short(rig.now())).await;
    rig.dispatch(Lane::Normal).await;
    tokio::join!(rig.smsc.deliver("of-somebody-else", MessageState::Delivered, Form::Tlv), rig.receive(1));
    assert_eq!(rig.step("sweep").await, 0);
    rig.advance(72 * 3600 + 1);
    assert_eq!(rig.step("sweep").await, 1);
    assert_eq!(rig.count("SELECT count(*) FROM parked_receipt").await, 0);
}
