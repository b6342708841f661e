//! Messages whose time passes (N-02, N-15).

use jiff::SignedDuration;
use proto::notification::v1::{self as wire, Channel, delivery, notification::State};
use proto::to_wire;
use testkit::smsc::{Act, Gate};

use crate::rig::{Lane, Rig, code, registration, request_id, short};

#[tokio::test]
async fn one_that_nobody_takes_expires_and_its_sender_is_told() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.otherwise(Act::QueueFull);
    let (mut hours, end) = (0, rig.now() + SignedDuration::from_hours(24));
    while rig.now() + SignedDuration::from_hours(1) < end {
        rig.dispatch(Lane::Normal).await;
        rig.advance(3600);
        hours += 1;
    }
    assert_eq!((hours, rig.smsc.submits().len()), (23, 23));
    assert_eq!(rig.get(&it).await.state(), State::Queued);
    rig.hand.set(end);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.smsc.submits().len(), 23, "nothing is sent at the last instant");
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Expired, "EXPIRED"));
    let told = rig.told().await;
    assert_eq!((told.len(), told[0].1.state(), told[0].1.reason.as_str()), (1, State::Expired, "EXPIRED"));
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}

#[tokio::test]
async fn one_that_waits_for_its_next_attempt_expires_on_time() {
    let rig = Rig::new().await;
    let mut it = short(rig.now());
    it.expire_time = Some(to_wire(rig.now() + SignedDuration::from_secs(3)));
    let it = rig.send(it).await;
    rig.smsc.otherwise(Act::QueueFull);
    // The lane's pause is 5 s.
    rig.dispatch(Lane::Normal).await;
    rig.advance(3);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.get(&it).await.state(), State::Expired);
}

#[tokio::test]
async fn one_whose_time_ends_while_it_waits_for_the_centre_has_not_failed() {
    let rig = Rig::with(&[("smpp.window", 1.into())]).await;
    let gate = Gate::new();
    rig.smsc.script([Act::Hold(gate.clone())]);
    rig.send(short(rig.now())).await;
    let first = rig.dispatching(Lane::Normal);
    gate.reached().await;
    let it =
        wire::Notification { expire_time: Some(to_wire(rig.now() + SignedDuration::from_secs(3))), ..short(rig.now()) };
    let it = rig.send(it).await;
    let second = rig.dispatching(Lane::Normal);
    while rig.count("SELECT count(*) FROM delivery WHERE state = 'sending'").await < 2 {}
    rig.advance(3);
    gate.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 1));
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Expired, "EXPIRED"));
    assert_eq!(rig.smsc.submits_seen(), 1);
    let mut told = rig.states_told().await;
    told.sort();
    assert_eq!(told, [State::Sent, State::Expired]);
}

#[tokio::test]
async fn one_that_comes_too_late_is_taken_and_ends_at_once() {
    let rig = Rig::new().await;
    let then = rig.now() - SignedDuration::from_hours(24);
    for (lane, late) in
        [(Lane::Normal, registration(then, Channel::Sms)), (Lane::Code, code(then, "123456", Channel::Sms))]
    {
        let id = request_id();
        let it = rig.send_as("ticket", &id, late).await.unwrap();
        assert_eq!(it.state(), State::Expired);
        assert_eq!(
            (it.deliveries[0].state(), it.deliveries[0].reason.as_str()),
            (delivery::State::Expired, "CAME_TOO_LATE")
        );
        let told = rig.told().await;
        let last = &told.last().unwrap().1;
        assert_eq!((last.state(), &last.send_request_id, last.reason.as_str()), (State::Expired, &id, "CAME_TOO_LATE"));
        assert_eq!(rig.dispatch(lane).await, 0);
    }
    assert_eq!(rig.told().await.len(), 2);
    assert_eq!(rig.smsc.submits().len(), 0);
    assert_eq!(rig.count("SELECT count(*) FROM notification WHERE variables IS NOT NULL").await, 0);
}

#[tokio::test]
async fn an_event_at_the_end_of_time_is_refused() {
    let rig = Rig::new().await;
    let end = to_wire(jiff::Timestamp::MAX);
    let it = wire::Notification { event_time: Some(end), ..short(rig.now()) };
    let refused = rig.send_as("ticket", &request_id(), it).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}
