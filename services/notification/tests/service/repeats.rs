//! The same thing asked twice, and things that another made untrue (N-06, L7).

use jiff::SignedDuration;
use proto::notification::v1::{self as wire, Channel, delivery, notification::State};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::rig::{Lane, Rig, overdue, question, registration, request_id, resolution, short, status, subject};

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn one_event_is_told_once_under_any_request_id() {
    let rig = Rig::new().await;
    let id = request_id();
    let asked = short(rig.now());
    let first = rig.send_as("ticket", &id, asked.clone()).await.unwrap();
    let replayed = rig.send_as("ticket", &id, asked.clone()).await.unwrap();
    assert_eq!(replayed, first);
    let again = rig.send(asked.clone()).await;
    assert_eq!(again.name, first.name);
    rig.dispatch(Lane::Normal).await;
    let after = rig.send(asked.clone()).await;
    assert_eq!((after.state(), after.name), (State::Sent, first.name.clone()));
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
    assert_eq!((rig.smsc.submits().len(), rig.states_told().await), (1, vec![State::Sent]));

    // Another sender, another event: other messages.
    let later = wire::Notification { event_time: short(rig.now() + SignedDuration::from_secs(1)).event_time, ..asked };
    assert_ne!(rig.send(later.clone()).await.name, first.name);
    assert_ne!(rig.send_as("sla", &request_id(), later).await.unwrap().name, first.name);
    assert_eq!(rig.dispatch(Lane::Normal).await, 2);
}

#[tokio::test]
async fn many_at_once_are_one() {
    let rig = Rig::new().await;
    let asked = short(rig.now());
    let all = (0..8).map(|_| rig.send(asked.clone()));
    let names: std::collections::BTreeSet<_> =
        futures::future::join_all(all).await.into_iter().map(|it| it.name).collect();
    assert_eq!(names.len(), 1);
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
}

#[tokio::test]
async fn a_request_id_is_good_for_one_content() {
    let rig = Rig::new().await;
    let id = request_id();
    rig.send_as("ticket", &id, short(rig.now())).await.unwrap();
    let refused = rig.send_as("ticket", &id, registration(rig.now(), Channel::Email)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    // Another caller's id is another request.
    rig.send_as("sla", &id, short(rig.now())).await.unwrap();
}

#[tokio::test]
async fn a_subject_is_the_name_of_an_appeal_or_a_verification_and_no_text() {
    let rig = Rig::new().await;
    let id = "9b1c1f5e-6d0c-4f9e-8a53-0f2c5b7d1e42";
    for good in [String::new(), format!("appeals/{id}"), format!("verifications/{id}")] {
        rig.send(wire::Notification { subject: good, ..short(rig.now()) }).await;
    }
    for bad in [
        "Мария, +79161234567".to_owned(),
        id.to_owned(),
        "appeals/".to_owned(),
        "appeals/+79161234567".to_owned(),
        format!("citizens/{id}"),
        format!("appeals/{id}/events/1"),
        format!("appeals/{}", id.to_uppercase()),
        format!("appeals/{}", id.replace('-', "")),
    ] {
        let it = wire::Notification { subject: bad.clone(), ..short(rig.now()) };
        let refused = rig.send_as("ticket", &request_id(), it).await.unwrap_err();
        let fields = refused.get_error_details().bad_request().unwrap().field_violations.clone();
        assert_eq!(refused.code(), Code::InvalidArgument, "{bad}");
        assert_eq!((fields.len(), fields[0].field.as_str()), (1, "notification.subject"), "{bad}");
    }
}

/// An appeal may name an account that nobody tells of: its notices must not wait for ever.
#[tokio::test]
async fn what_names_its_address_goes_to_an_unknown_recipient_too() {
    let rig = Rig::new().await;
    let contact = wire::Contact { phone: "+79160000077".into(), email: String::new() };
    let it = wire::Notification { recipient: "recipients/nobody".into(), contact: Some(contact), ..short(rig.now()) };
    rig.send_as("ticket", &request_id(), it.clone()).await.unwrap();
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.smsc.messages()[0].to, "79160000077");
    // Who tells of them first owns them, and their address serves the messages that bring none.
    rig.recipient("identity", "nobody", 1, "+79160000078", "").await.unwrap();
    let bare = wire::Notification { contact: None, ..it };
    rig.advance(1);
    let later = wire::Notification { event_time: short(rig.now()).event_time, ..bare };
    rig.send_as("ticket", &request_id(), later).await.unwrap();
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.smsc.messages()[1].to, "79160000078");
    assert!(rig.recipient("ticket", "nobody", 2, "+79160000079", "").await.is_err(), "it is identity's");
}

#[tokio::test]
async fn for_an_unknown_recipient_the_sender_comes_again() {
    let rig = Rig::new().await;
    let id = request_id();
    let it = wire::Notification { recipient: "recipients/ivan".into(), ..short(rig.now()) };
    let refused = rig.send_as("ticket", &id, it.clone()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "RECIPIENT_UNKNOWN"));
    let details = refused.get_error_details();
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(std::time::Duration::from_secs(1)));

    rig.recipient("ticket", "ivan", 1, "+79160000001", "").await.unwrap();
    rig.send_as("ticket", &id, it).await.unwrap();
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.smsc.messages()[0].to, "79160000001");
}

#[tokio::test]
async fn nobody_hears_that_we_are_late_after_hearing_that_it_is_solved() {
    let rig = Rig::new().await;
    let (appeal, other) = (subject(), subject());
    let then = rig.now();
    // Queued before the resolution came.
    let waiting = rig.send_as("sla", &request_id(), overdue(then, &appeal)).await.unwrap();
    assert_eq!(waiting.state(), State::Queued);
    let of_another = rig.send_as("sla", &request_id(), overdue(then, &other)).await.unwrap();
    rig.advance(60);
    rig.send(resolution(rig.now(), &appeal)).await;
    // Asked for after it, about a time before it.
    let late = overdue(then + SignedDuration::from_secs(30), &appeal);
    let late = rig.send_as("sla", &request_id(), late).await.unwrap();
    assert_eq!((late.state(), late.deliveries[0].state()), (State::Dropped, delivery::State::Dropped));

    assert_eq!(rig.dispatch(Lane::Emergency).await, 2);
    assert_eq!(rig.delivery(&waiting).await.state(), delivery::State::Dropped);
    assert_eq!(rig.get(&of_another).await.state(), State::Sent);
    // Reopened and late again: that is news.
    rig.advance(3600);
    rig.send_as("sla", &request_id(), overdue(rig.now(), &appeal)).await.unwrap();
    rig.dispatch(Lane::Emergency).await;
    assert_eq!(rig.smsc.messages().len(), 2);

    let told = rig.told().await;
    let of = |name: &str| {
        let of_it = told.iter().filter(|(_, outcome)| outcome.notification == name);
        of_it.map(|(peer, outcome)| (*peer, outcome.state(), outcome.reason.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(of(&late.name), [("sla", State::Dropped, "SUPERSEDED")]);
    assert_eq!(of(&waiting.name), [("sla", State::Dropped, "SUPERSEDED")]);
    assert_eq!(of(&of_another.name), [("sla", State::Sent, "")]);
}

#[tokio::test]
async fn nor_after_a_withdrawal_or_a_question_and_other_changes_take_nothing_back() {
    let rig = Rig::new().await;
    let then = rig.now();
    let at = then + SignedDuration::from_secs(60);
    type Newer = Box<dyn Fn(&str) -> Vec<wire::Notification>>;
    let change = |word: &'static str| -> Newer { Box::new(move |appeal| vec![status(at, appeal, word)]) };
    let cases: Vec<(Newer, State)> = vec![
        (change("withdrawn"), State::Dropped),
        (change("merged"), State::Dropped),
        (change("closed"), State::Dropped),
        (change("rejected"), State::Dropped),
        (change("awaiting_verification"), State::Dropped),
        (Box::new(move |appeal| vec![question(at, appeal)]), State::Dropped),
        (change("in_progress"), State::Sent),
        (change("reopened"), State::Sent),
        (change("escalated"), State::Sent),
        (change("awaiting_other_body"), State::Sent),
        // What happened before it is no news to it.
        (Box::new(move |appeal| vec![status(then - SignedDuration::from_secs(1), appeal, "withdrawn")]), State::Sent),
        (Box::new(move |_| vec![status(at, &subject(), "withdrawn")]), State::Sent),
    ];
    let mut repeats = Vec::new();
    for (newer, expected) in &cases {
        let appeal = subject();
        let repeat = rig.send_as("sla", &request_id(), overdue(then, &appeal)).await.unwrap();
        for it in newer(&appeal) {
            rig.send(it).await;
        }
        repeats.push((repeat, *expected));
    }
    rig.advance(60);
    // The news is told and erased by then.
    while rig.dispatch(Lane::Normal).await > 0 {}
    while rig.dispatch(Lane::Emergency).await > 0 {}
    for (number, (repeat, expected)) in repeats.iter().enumerate() {
        assert_eq!(rig.get(repeat).await.state(), *expected, "case {number}");
    }
}
