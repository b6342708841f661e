//! Who sees and does what. Which role may call which RPC at all is the access table's; here is what commands decide.

use proto::ticket::v1 as wire;
use rpc::{Caller, reasons};
use uuid::Uuid;

use crate::rig::{Rig, citizen, form, new_id, operator, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_sees_their_own_and_learns_nothing_of_others() {
    let rig = Rig::staffed().await;
    let (own, other) = (citizen(), citizen());
    let filed = rig.file(&own, form()).await;
    let missing = format!("appeals/{}", Uuid::new_v4());

    assert!(rig.get(&own, &filed.name).await.is_ok());
    for name in [&filed.name, &missing] {
        assert_eq!(reason(rig.get(&other, name).await), reasons::NOT_YOURS);
        let withdraw = wire::WithdrawAppealRequest { name: name.clone(), request_id: new_id() };
        let result = ticket::commands::withdraw_appeal::run(rig.app.clone(), other.clone(), withdraw).await;
        assert_eq!(reason(result), reasons::NOT_YOURS);
        let events = wire::ListAppealEventsRequest { parent: name.clone(), ..Default::default() };
        let result = ticket::queries::list_appeal_events::run(rig.app.clone(), other.clone(), events).await;
        assert_eq!(reason(result), reasons::NOT_YOURS);
    }
    assert_eq!(reason(rig.get(&operator("operator-1"), &missing).await), "APPEAL_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_appeal_is_its_filers_and_staffs() {
    let rig = Rig::staffed().await;
    let portal = Caller::of_system("portal");
    let filed = rig.file(&portal, form()).await;

    assert!(rig.get(&portal, &filed.name).await.is_ok());
    assert!(rig.get(&operator("operator-1"), &filed.name).await.is_ok());
    assert_eq!(reason(rig.get(&citizen(), &filed.name).await), reasons::NOT_YOURS);
    assert_eq!(reason(rig.get(&Caller::of_system("registry"), &filed.name).await), reasons::NOT_YOURS);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_callers_request_id_replays_nothing() {
    let rig = Rig::staffed().await;
    let (own, other) = (citizen(), citizen());
    let filed = rig.file(&own, form()).await;
    let withdraw = wire::WithdrawAppealRequest { name: filed.name.clone(), request_id: new_id() };
    ticket::commands::withdraw_appeal::run(rig.app.clone(), own, withdraw.clone()).await.unwrap();

    let result = ticket::commands::withdraw_appeal::run(rig.app.clone(), other, withdraw).await;
    assert_eq!(reason(result), reasons::NOT_YOURS);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_names_of_staff_are_not_shown_to_the_citizen() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    for visibility in [wire::message::Visibility::Internal, wire::message::Visibility::Public] {
        let message =
            wire::Message { visibility: visibility.into(), text: "Смотрим.".into(), ..Default::default() };
        let request =
            wire::PostMessageRequest { parent: filed.name.clone(), message: Some(message), request_id: new_id() };
        ticket::commands::post_message::run(rig.app.clone(), operator("operator-1"), request).await.unwrap();
    }
    let list = |caller: Caller| {
        let request = wire::ListMessagesRequest { parent: filed.name.clone(), ..Default::default() };
        ticket::queries::list_messages::run(rig.app.clone(), caller, request)
    };

    let shown = list(own.clone()).await.unwrap().messages;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].member, "");
    assert_eq!(list(operator("operator-2")).await.unwrap().messages.len(), 2);
    assert_eq!(rig.get(&own, &filed.name).await.unwrap().assignee, "");
}
