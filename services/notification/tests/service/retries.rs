//! Attempts that came to nothing, and those of which nobody knows (N-01, N-02, N-05, N-13).

use proto::notification::v1::{Channel, delivery, notification::State};
use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use testkit::smsc::{Act, Form, Gate};

use crate::rig::{EMAIL, Lane, Rig, registration, short};

#[tokio::test]
async fn throttled_it_waits_as_long_as_the_centre_wants_and_goes_once() {
    // The centre's pause is longer than the lane's own first one, 5 to 6 s.
    let rig = Rig::with(&[("smpp.throttle_pause_milliseconds", toml::Value::from(20_000))]).await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.script([Act::Throttle]);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Queued, "SMPP_00000058"));
    assert!(!delivery.possibly_doubled, "the centre said no");
    assert_eq!(rig.leased_until().await, rig.now() + jiff::SignedDuration::from_secs(20));

    rig.advance(19);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
    rig.advance(1);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
    assert_eq!((rig.smsc.submits().len(), rig.smsc.messages().len()), (2, 1));
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.attempts, delivery.reason.as_str()), (delivery::State::Accepted, 2, ""));
    assert_eq!(rig.states_told().await, [State::Sent]);
}

#[tokio::test]
async fn after_a_part_was_taken_only_the_rest_goes() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Sms)).await;
    rig.smsc.script([Act::Accept, Act::QueueFull]);
    rig.dispatch(Lane::Normal).await;
    assert!(rig.states_told().await.is_empty());
    rig.advance(6);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    let messages = rig.smsc.messages();
    assert_eq!((rig.smsc.submits().len(), messages.len(), messages[0].whole), (3, 1, true));
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert_eq!(rig.count("SELECT count(*) FROM delivery_part").await, 2);
}

#[tokio::test]
async fn parts_of_one_message_are_not_the_beginning_of_another() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Sms)).await;
    rig.smsc.script([Act::Accept, Act::QueueFull]);
    rig.dispatch(Lane::Normal).await;
    rig.recipient("ticket", "maria", 2, "+79169999999", EMAIL).await.unwrap();
    // Half of it reaches the new number at first, and the rest follows as ever.
    rig.smsc.script([Act::Accept, Act::QueueFull]);
    rig.advance(6);
    rig.dispatch(Lane::Normal).await;
    assert!(rig.delivery(&it).await.possibly_doubled);
    rig.advance(60);
    rig.dispatch(Lane::Normal).await;
    let submits = rig.smsc.submits();
    assert_eq!(submits.len(), 5);
    let messages = rig.smsc.messages();
    let whole: Vec<_> = messages.iter().filter(|it| it.whole).map(|it| (it.to.as_str(), it.parts.len())).collect();
    assert_eq!(whole, [("79169999999", 2)], "{messages:?}");
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    // Receipts about the part at the old number say nothing about it.
    let parts = &messages.iter().find(|it| it.whole).unwrap().parts;
    tokio::join!(rig.smsc.deliver("sms-1", MessageState::Undeliverable, Form::Tlv), rig.receive(1));
    for part in parts {
        tokio::join!(rig.smsc.deliver(part, MessageState::Delivered, Form::Tlv), rig.receive(1));
    }
    assert_eq!(rig.get(&it).await.state(), State::Delivered);
    let clear = "SELECT count(*) FROM delivery WHERE length(handed_of) <> 36";
    assert_eq!(rig.count(clear).await, 0);
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_leaves_a_doubt_that_is_labelled() {
    for (act, messages) in [(Act::DropBeforeAnswer, 1), (Act::AcceptThenDrop, 2)] {
        let rig = Rig::new().await;
        let it = rig.send(short(rig.now())).await;
        rig.smsc.script([act]);
        assert_eq!(rig.dispatch(Lane::Normal).await, 1);
        let delivery = rig.delivery(&it).await;
        assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Queued, "CONNECTION_LOST"));
        assert!(delivery.possibly_doubled);

        // It waits longer than after a plain refusal: a receipt may still settle the doubt.
        rig.advance(59);
        assert_eq!(rig.dispatch(Lane::Normal).await, 0);
        rig.smsc.until(|seen| seen.binds == 2).await;
        rig.advance(1);
        assert_eq!(rig.dispatch(Lane::Normal).await, 1);
        assert_eq!(rig.smsc.messages().len(), messages);
        let delivery = rig.delivery(&it).await;
        assert_eq!((delivery.state(), delivery.possibly_doubled), (delivery::State::Accepted, true));
        assert_eq!(rig.states_told().await, [State::Sent]);
    }
}

#[tokio::test]
async fn a_centre_that_takes_everything_and_answers_nothing_has_a_message_twice_and_no_more() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.otherwise(Act::AcceptThenDrop);
    for binds in 1..=20 {
        if rig.dispatch(Lane::Normal).await > 0 {
            rig.smsc.until(|seen| seen.binds > binds).await;
        }
        rig.advance(3600);
    }
    assert_eq!(rig.smsc.messages().len(), 2);
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Failed, "UNKNOWN_OUTCOME"));
    assert!(delivery.possibly_doubled);
    let told = rig.told().await;
    assert_eq!((told.len(), told[0].1.state(), told[0].1.reason.as_str()), (1, State::Failed, "UNKNOWN_OUTCOME"));
}

#[tokio::test]
async fn a_number_that_does_not_exist_is_not_tried_again() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.script([Act::Refuse(CommandStatus::EsmeRinvdstadr)]);
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.get(&it).await.state(), State::Failed);
    let told = rig.told().await;
    assert_eq!((told.len(), told[0].1.state(), told[0].1.reason.as_str()), (1, State::Failed, "SMPP_0000000B"));
    rig.advance(3600);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}

#[tokio::test]
async fn one_that_cannot_be_read_holds_up_nobody_and_expires() {
    let rig = Rig::new().await;
    let damaged = rig.send(short(rig.now())).await;
    let mut admin = rig.admin().await;
    sqlx::query("UPDATE notification SET variables = '\\x0102'").execute(&mut admin).await.unwrap();
    let sound = rig.send(short(rig.now())).await;
    assert_eq!(rig.dispatch(Lane::Normal).await, 2);
    assert_eq!(rig.get(&sound).await.state(), State::Sent);
    let delivery = rig.delivery(&damaged).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Queued, "UNREADABLE"));
    rig.advance(24 * 3600);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.get(&damaged).await.state(), State::Expired);
}

#[tokio::test]
async fn one_that_cannot_be_recorded_does_not_cut_the_others_off() {
    let rig = Rig::new().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(rig.send(short(rig.now())).await);
    }
    let mut admin = rig.admin().await;
    for sql in [
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'",
        "CREATE TRIGGER fail BEFORE INSERT ON delivery_part FOR EACH ROW WHEN (new.reference = 'sms-2')
            EXECUTE FUNCTION fail()",
    ] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
    // All are under way when the first can't be recorded: none is begun after that.
    let gate = Gate::new();
    rig.smsc.otherwise(Act::Hold(gate.clone()));
    let worker = rig.worker(Lane::Normal);
    let opening = async {
        for _ in 0..5 {
            gate.reached().await;
        }
        (0..5).for_each(|_| gate.open());
    };
    let (stepped, ()) = tokio::join!(worker.step(), opening);
    stepped.unwrap_err();
    let mut sent = 0;
    for it in &all {
        sent += usize::from(rig.get(it).await.state() == State::Sent);
    }
    assert_eq!((sent, rig.smsc.messages().len()), (4, 5));
}
