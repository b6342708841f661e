//! What people see.

use proto::notification::v1::{self as wire, ListNotificationsRequest, notification::State};
use tonic::{Code, Status};

use crate::rig::{Lane, Rig, overdue, short, subject};

const ANNA: &str = "staff/anna:operator";

const MASKED_IN_CLEAR: &str = "SELECT count(*) FROM delivery WHERE delivery::text LIKE '%•%' OR substring(masked_address FROM 1 FOR 1) <> '\\x01'";

async fn page(rig: &Rig, request: ListNotificationsRequest) -> Result<(Vec<String>, String), Status> {
    let page = rig.client(ANNA).list_notifications(request).await?.into_inner();
    Ok((page.notifications.into_iter().map(|it| it.name).collect(), page.next_page_token))
}

#[tokio::test]
async fn pages_show_each_once_newest_first_while_more_come_in() {
    let rig = Rig::new().await;
    let mut newest_first = Vec::new();
    // Three of each instant: the time alone is no order.
    for number in 0..12 {
        if number % 3 == 0 {
            rig.advance(1);
        }
        newest_first.push(rig.send(short(rig.now())).await.name);
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListNotificationsRequest { page_size: 5, page_token: token, ..Default::default() };
        let (names, next) = page(&rig, request).await.unwrap();
        assert!(names.len() <= 5);
        seen.extend(names);
        if next.is_empty() {
            break;
        }
        rig.send(short(rig.now())).await;
        token = next;
    }
    let instants = |names: &[String]| -> Vec<std::collections::BTreeSet<String>> {
        names.chunks(3).map(|chunk| chunk.iter().cloned().collect()).collect()
    };
    newest_first.reverse();
    assert_eq!((seen.len(), instants(&seen)), (12, instants(&newest_first)));
    // A full last page has no successor.
    let request = ListNotificationsRequest { page_size: 14, ..Default::default() };
    let (names, next) = page(&rig, request).await.unwrap();
    assert_eq!((names.len(), next), (14, String::new()));
}

#[tokio::test]
async fn filters_narrow_and_a_token_belongs_to_its_filter() {
    let rig = Rig::new().await;
    rig.recipient("ticket", "ivan", 1, "+79160000001", "").await.unwrap();
    let appeal = subject();
    let of_subject = rig.send(overdue(rig.now(), &appeal)).await.name;
    let it = wire::Notification { recipient: "recipients/ivan".into(), ..short(rig.now()) };
    let of_ivan = rig.send(it).await.name;
    rig.send(short(rig.now())).await;
    rig.dispatch(Lane::Emergency).await;

    let by = |change: fn(&mut ListNotificationsRequest, &str)| {
        let mut request = ListNotificationsRequest { page_size: 1, ..Default::default() };
        change(&mut request, &appeal);
        page(&rig, request)
    };
    let (names, next) = by(|it, appeal| it.subject = appeal.to_owned()).await.unwrap();
    assert_eq!((names, next), (vec![of_subject.clone()], String::new()));
    let (names, next) = by(|it, _| it.recipient = "recipients/ivan".to_owned()).await.unwrap();
    assert_eq!((names, next), (vec![of_ivan], String::new()));
    let (names, _) = by(|it, _| it.set_state(State::Sent)).await.unwrap();
    assert_eq!(names, [of_subject]);
    let (_, queued) = by(|it, _| it.set_state(State::Queued)).await.unwrap();
    assert!(!queued.is_empty());

    let elsewhere = ListNotificationsRequest { page_size: 1, page_token: queued, ..Default::default() };
    assert_eq!(page(&rig, elsewhere).await.unwrap_err().code(), Code::InvalidArgument);
    let wrong = ListNotificationsRequest { recipient: "citizens/1".into(), ..Default::default() };
    assert_eq!(page(&rig, wrong).await.unwrap_err().code(), Code::InvalidArgument);
    let newer = ListNotificationsRequest { state: 99, ..Default::default() };
    assert_eq!(page(&rig, newer).await.unwrap_err().code(), Code::InvalidArgument, "not a list of everything");
}

#[tokio::test]
async fn what_it_says_and_where_to_stays_inside() {
    let rig = Rig::new().await;
    let contact = Some(wire::Contact { phone: "+79161112233".into(), email: String::new() });
    let it = rig.send(wire::Notification { contact, ..short(rig.now()) }).await;
    rig.dispatch(Lane::Normal).await;
    let shown = rig.get(&it).await;
    assert!(shown.variables.is_empty() && shown.contact.is_none());
    assert_eq!(shown.deliveries[0].masked_address, "+7•••33");
    assert_eq!(rig.count(MASKED_IN_CLEAR).await, 0, "nor does the database show it");
    assert_eq!(shown.deliveries[0].text, "");
    let nobody = rig
        .client("citizens/9b1c1f5e-6d0c-4f9e-8a53-0f2c5b7d1e42:citizen")
        .list_notifications(ListNotificationsRequest::default())
        .await;
    assert_eq!(nobody.unwrap_err().code(), Code::PermissionDenied);
}
