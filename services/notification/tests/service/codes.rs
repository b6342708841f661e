//! Codes, and all else that a message says: known no longer than it is needed (I1).

use proto::notification::v1::{self as wire, Channel, notification::State};
use rusmpp::values::MessageState;
use testkit::smsc::{Act, Form};

use crate::rig::{Lane, PHONE, Rig, code, question, request_id, resolution, short, subject};

const LEFT: &str = "SELECT count(*) FROM notification WHERE variables IS NOT NULL";

async fn shown(rig: &Rig) -> String {
    let request = wire::ListNotificationsRequest::default();
    let listed = rig.client("staff/anna:operator").list_notifications(request).await.unwrap().into_inner();
    let of_each = |it: &wire::Notification| {
        let texts: Vec<_> = it.deliveries.iter().map(|it| (&it.text, &it.masked_address, &it.reason)).collect();
        let variables: Vec<_> = it.variables.iter().map(|it| &it.name).collect();
        format!("{} {:?} {texts:?} {variables:?} {:?}", it.name, it.contact.is_some(), it.subject)
    };
    listed.notifications.iter().map(of_each).collect()
}

#[tokio::test]
async fn a_code_is_erased_when_it_is_sent() {
    let rig = Rig::new().await;
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817", Channel::Sms)).await.unwrap();
    assert_eq!(rig.count(LEFT).await, 1);
    rig.smsc.script([Act::Throttle]);
    rig.dispatch(Lane::Code).await;
    assert_eq!(rig.count(LEFT).await, 1, "it is still to be sent");
    assert!(!shown(&rig).await.contains("493817"));

    rig.advance(2);
    rig.dispatch(Lane::Code).await;
    assert!(rig.smsc.messages()[0].text.contains("493817"));
    assert_eq!(rig.count(LEFT).await, 0);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert!(!shown(&rig).await.contains("493817"));
    assert_eq!(rig.told().await[0].0, "identity");
}

#[tokio::test]
async fn a_code_is_kept_until_the_last_channel_had_it() {
    let rig = Rig::new().await;
    let mut both = code(rig.now(), "493817", Channel::Sms);
    both.channels.push(Channel::Email.into());
    rig.send_as("identity", &request_id(), both).await.unwrap();
    rig.smsc.script([Act::Throttle]);
    assert_eq!(rig.dispatch(Lane::Code).await, 2);
    assert!(rig.mailbox.arrived(1).await[0].text().unwrap().contains("493817"));
    assert_eq!(rig.count(LEFT).await, 1);
    rig.advance(2);
    assert_eq!(rig.dispatch(Lane::Code).await, 1);
    assert!(rig.smsc.messages()[0].text.contains("493817"));
    assert_eq!(rig.count(LEFT).await, 0);
    assert_eq!(rig.states_told().await, [State::Sent]);
}

#[tokio::test]
async fn a_code_is_erased_when_it_expires() {
    let rig = Rig::new().await;
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817", Channel::Sms)).await.unwrap();
    rig.smsc.otherwise(Act::QueueFull);
    rig.dispatch(Lane::Code).await;
    rig.advance(600);
    rig.dispatch(Lane::Code).await;
    assert_eq!(rig.get(&it).await.state(), State::Expired);
    assert_eq!(rig.count(LEFT).await, 0);
    assert_eq!(rig.smsc.messages().len(), 0);
}

#[tokio::test]
async fn what_any_message_said_is_erased_with_its_last_attempt() {
    let rig = Rig::new().await;
    let then = rig.now();
    // Of two appeals: an answer makes the question about its own one untrue.
    let question = rig.send(question(then, &subject())).await;
    let both = vec![Channel::Sms.into(), Channel::Email.into()];
    let answer = rig.send(wire::Notification { channels: both, ..resolution(then, &subject()) }).await;
    let nobody = rig.send(wire::Notification { channels: vec![Channel::Email.into()], ..short(then) }).await;
    rig.recipient("ticket", "maria", 2, PHONE, "").await.unwrap();
    assert_eq!(rig.count(LEFT).await, 3);
    rig.smsc.script([Act::Throttle, Act::Throttle]);
    assert_eq!(rig.dispatch(Lane::Normal).await, 4);
    assert_eq!(rig.count(LEFT).await, 2, "two are still to be sent by SMS, one had no address");
    assert_eq!(rig.get(&nobody).await.state(), State::Failed);
    // The centre may throttle once more, as the two went at once.
    for _ in 0..4 {
        rig.advance(60);
        while rig.dispatch(Lane::Normal).await > 0 {}
    }
    assert_eq!(rig.count(LEFT).await, 0);

    // A receipt still counts, and an erasure is no change of the state.
    let sent = rig.get(&answer).await;
    assert_eq!((sent.state(), rig.get(&question).await.state()), (State::Sent, State::Sent));
    rig.advance(5);
    for message in rig.smsc.messages() {
        for part in message.parts {
            tokio::join!(rig.smsc.deliver(&part, MessageState::Delivered, Form::Tlv), rig.receive(1));
        }
    }
    assert_eq!(rig.get(&answer).await.state(), State::Delivered);
    assert_eq!(rig.get(&question).await.state(), State::Delivered);
}

#[tokio::test]
async fn where_the_console_sends_lists_show_the_text_without_the_code() {
    let rig = Rig::with(&[("sms.provider", "console".into())]).await;
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817265018", Channel::Sms)).await.unwrap();
    rig.dispatch(Lane::Code).await;
    let text = rig.delivery(&it).await.text;
    assert!(text.contains("XXXXXXXXXXXX"), "{text}");
    assert!(!shown(&rig).await.contains("493817265018"));
    // Nor does the database know it by any other column that is not sealed.
    let rows = "SELECT count(*) FROM (SELECT delivery::text AS row FROM delivery UNION ALL SELECT notification::text
        FROM notification) AS rows WHERE row LIKE '%493817265018%'";
    assert_eq!(rig.count(rows).await, 0);
}
