//! T22: what was done is on record, in order, and nobody edits it.

use proto::ticket::v1::{self as wire, appeal_event::Type};
use sqlx::Connection as _;

use crate::rig::{Rig, citizen, form, supervisor};
use crate::work::{ask, provide, resolve};

#[tokio::test(flavor = "multi_thread")]
async fn tells_all_of_it_in_pages() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    ask(&rig, &filed.name, wire::request_info_request::Need::Information).await.unwrap();
    provide(&rig, &own, &filed.name, "").await.unwrap();
    resolve(&rig, &filed.name, "", "").await.unwrap();

    let mut kinds = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            wire::ListAppealEventsRequest { parent: filed.name.clone(), page_size: 2, page_token: page_token.clone() };
        let page = ticket::queries::list_appeal_events::run(rig.app.clone(), supervisor(), request).await.unwrap();
        assert!(page.events.len() <= 2);
        kinds.extend(page.events.iter().map(|event| event.r#type()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(
        kinds,
        [Type::Filed, Type::Assigned, Type::FirstAnswered, Type::InfoRequested, Type::InfoProvided, Type::Resolved]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn can_be_changed_by_nobody() {
    let rig = Rig::new().await;
    rig.file(&citizen(), form()).await;
    let statements = [
        "UPDATE ticket.appeal_event SET actor = 'staff/nobody'",
        "DELETE FROM ticket.appeal_event",
        "TRUNCATE ticket.appeal_event",
    ];
    let mut admin = sqlx::PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    for statement in statements {
        let refused = sqlx::query(statement).execute(&mut admin).await.unwrap_err();
        assert_eq!(store::Error::from(refused).constraint(), Some("appeal_event_append_only"), "{statement}");
    }
    for statement in &statements[..2] {
        let refused = sqlx::query(*statement).execute(rig.app.db.pool()).await.unwrap_err();
        assert_eq!(store::Error::from(refused).constraint(), Some("appeal_event_append_only"), "{statement}");
    }
}
