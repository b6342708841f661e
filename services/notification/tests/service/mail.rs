//! E-mail (N1).

use proto::notification::v1::{Channel, delivery, notification::State};
use testkit::mailbox::Reply;

use crate::rig::{EMAIL, Lane, Rig, registration};

#[tokio::test]
async fn a_relay_that_is_busy_is_tried_again_and_one_that_says_never_is_not() {
    let rig = Rig::new().await;
    for (reply, reason) in [(Reply::Recipient(450), "SMTP_450"), (Reply::Text(451), "SMTP_451")] {
        let it = rig.send(registration(rig.now(), Channel::Email)).await;
        let before = rig.mailbox.mails().len();
        rig.mailbox.script([reply]);
        rig.dispatch(Lane::Normal).await;
        let delivery = rig.delivery(&it).await;
        assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Queued, reason));
        assert!(!delivery.possibly_doubled);
        assert_eq!(rig.mailbox.mails().len(), before);
        rig.advance(6);
        rig.dispatch(Lane::Normal).await;
        let delivery = rig.delivery(&it).await;
        assert_eq!((delivery.state(), delivery.attempts), (delivery::State::Accepted, 2));
        assert_eq!(rig.mailbox.mails()[before].to, [EMAIL]);
    }
    let it = rig.send(registration(rig.now(), Channel::Email)).await;
    rig.mailbox.script([Reply::Recipient(550)]);
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.get(&it).await.state(), State::Failed);
    let told = rig.told().await;
    let last = &told.last().unwrap().1;
    assert_eq!((told.len(), last.state(), last.reason.as_str()), (3, State::Failed, "SMTP_550"));
    rig.advance(3600);
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}

#[tokio::test]
async fn a_relay_that_refuses_our_sender_fails_no_message() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Email)).await;
    rig.mailbox.script([Reply::Sender(550)]);
    rig.dispatch(Lane::Normal).await;
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.reason.as_str()), (delivery::State::Queued, "SMTP_550"));
    rig.advance(6);
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.get(&it).await.state(), State::Sent);
}

#[tokio::test]
async fn a_doubtful_mail_comes_again_under_the_same_message_id() {
    let rig = Rig::new().await;
    let it = rig.send(registration(rig.now(), Channel::Email)).await;
    rig.mailbox.script([Reply::TakeThenDrop]);
    rig.dispatch(Lane::Normal).await;
    assert!(rig.delivery(&it).await.possibly_doubled);
    rig.advance(60);
    rig.dispatch(Lane::Normal).await;
    let mails = rig.mailbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert!(mails[1].subject().contains("2026-000042"));
    let delivery = rig.delivery(&it).await;
    assert_eq!((delivery.state(), delivery.possibly_doubled), (delivery::State::Accepted, true));
    assert_eq!(rig.states_told().await, [State::Sent]);
}

#[tokio::test]
async fn one_channel_is_enough() {
    let rig = Rig::new().await;
    let mut both = registration(rig.now(), Channel::Email);
    both.channels.push(Channel::Sms.into());
    let it = rig.send(both).await;
    rig.mailbox.script([Reply::Recipient(550)]);
    assert_eq!(rig.dispatch(Lane::Normal).await, 2);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    let told = rig.told().await;
    assert_eq!((told.len(), told[0].1.state(), told[0].1.channel()), (1, State::Sent, Channel::Sms));
    assert_eq!(told[0].1.reason, "");
}
