//! Who is told, and who may say so.

use proto::notification::v1::{self as wire, Channel, notification::State};
use testkit::smsc::Act;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::rig::{EMAIL, Lane, PHONE, Rig, registration, short};

const OTHER: &str = "+79169999999";

#[tokio::test]
async fn only_a_higher_revision_counts() {
    let rig = Rig::new().await;
    for (revision, phone, expected) in
        [(3, OTHER, (3, OTHER)), (2, PHONE, (3, OTHER)), (3, PHONE, (3, OTHER)), (4, PHONE, (4, PHONE))]
    {
        let known = rig.recipient("ticket", "maria", revision, phone, EMAIL).await.unwrap();
        assert_eq!((known.revision, known.contact.unwrap().phone.as_str()), expected);
    }
}

#[tokio::test]
async fn what_is_not_sent_yet_goes_to_the_new_address() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    rig.smsc.script([Act::Throttle]);
    rig.dispatch(Lane::Normal).await;
    rig.recipient("ticket", "maria", 2, OTHER, EMAIL).await.unwrap();
    rig.advance(60);
    rig.dispatch(Lane::Normal).await;
    assert_eq!(format!("+{}", rig.smsc.messages()[0].to), OTHER);
    assert_eq!(rig.delivery(&it).await.masked_address, "+7•••99");

    // An address that the matter itself names stays.
    let contact = Some(wire::Contact { phone: PHONE.into(), email: String::new() });
    rig.send(wire::Notification { contact, ..short(rig.now()) }).await;
    rig.dispatch(Lane::Normal).await;
    assert_eq!(format!("+{}", rig.smsc.messages()[1].to), PHONE);
}

#[tokio::test]
async fn a_channel_without_an_address_is_skipped_and_fails_only_when_it_was_the_last() {
    let rig = Rig::new().await;
    rig.recipient("ticket", "maria", 2, PHONE, "").await.unwrap();
    let mut both = short(rig.now());
    both.channels.push(Channel::Email.into());
    let both = rig.send(both).await;
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.get(&both).await.state(), State::Sent);
    let none = rig.send(registration(rig.now(), Channel::Email)).await;
    assert_eq!(none.state(), State::Failed);
    let told = rig.told().await;
    let failed: Vec<_> = told.iter().filter(|(_, it)| it.notification == none.name).collect();
    assert_eq!((failed.len(), failed[0].1.state(), failed[0].1.reason.as_str()), (1, State::Failed, "NO_ADDRESS"));

    // The address is taken away while the message waits.
    let waiting = rig.send(short(rig.now())).await;
    rig.recipient("ticket", "maria", 3, "", "").await.unwrap();
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.get(&waiting).await.state(), State::Failed);
    assert_eq!(rig.smsc.messages().len(), 1);
}

#[tokio::test]
async fn a_recipient_belongs_to_who_wrote_it_first() {
    let rig = Rig::new().await;
    let refused = rig.recipient("identity", "maria", 9, OTHER, EMAIL).await.unwrap_err();
    let reason = refused.get_error_details().error_info().unwrap().reason.clone();
    assert_eq!((refused.code(), reason.as_str()), (Code::FailedPrecondition, "RECIPIENT_OWNED"));
    let known = rig.recipient("ticket", "maria", 1, OTHER, EMAIL).await.unwrap();
    assert_eq!((known.revision, known.contact.unwrap().phone.as_str()), (1, PHONE));
    // Others may still write to them.
    rig.send_as("identity", &crate::rig::request_id(), short(rig.now())).await.unwrap();
}
