//! StaffService: members, their duty and their load (T9).

use proto::notification::v1::UpsertRecipientRequest;
use proto::ticket::v1 as wire;
use rpc::reasons;

use crate::rig::{Level, Rig, citizen, form, new_id, operator, reason, supervisor};

async fn get(rig: &Rig, id: &str) -> Result<wire::Member, rpc::Refusal> {
    let request = wire::GetMemberRequest { name: format!("staff/{id}") };
    ticket::queries::get_member::run(rig.app.clone(), supervisor(), request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_a_recipient_and_stays_one_when_changed() {
    let rig = Rig::new().await;
    rig.member("operator-1", Level::Operator).await;
    let member = wire::Member {
        name: "staff/operator-1".into(),
        level: Level::Specialist.into(),
        email: "new@support.example".into(),
        ..Default::default()
    };
    let update = wire::UpdateMemberRequest { member: Some(member), update_mask: None, request_id: new_id() };
    let changed = ticket::commands::update_member::run(rig.app.clone(), supervisor(), update).await.unwrap();

    assert_eq!((changed.level(), changed.display_name.as_str()), (Level::Specialist, "Ольга Т."));
    assert_eq!(get(&rig, "operator-1").await.unwrap(), changed);
    let recipients = rig.sent::<UpsertRecipientRequest>().await.into_iter().map(|it| it.recipient.unwrap());
    let told: Vec<_> = recipients.map(|it| (it.name, it.revision, it.contact.unwrap().email)).collect();
    let name = "recipients/staff-operator-1".to_owned();
    assert_eq!(told, [(name.clone(), 1, "operator-1@support.example".into()), (name, 2, "new@support.example".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_is_what_is_open_and_assigned() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let first = rig.assigned(&own, form()).await;
    rig.assigned(&own, form()).await;
    assert_eq!(get(&rig, "operator-1").await.unwrap().load, 2);
    let request = wire::WithdrawAppealRequest { name: first.name, request_id: new_id() };
    ticket::commands::withdraw_appeal::run(rig.app.clone(), own, request).await.unwrap();
    assert_eq!(get(&rig, "operator-1").await.unwrap().load, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_exists_is_not_made_again_and_a_missing_one_is_not_found() {
    let rig = Rig::new().await;
    rig.member("operator-1", Level::Operator).await;
    let member = wire::Member {
        name: "staff/operator-1".into(),
        display_name: "Другая".into(),
        level: Level::Operator.into(),
        groups: vec!["access".into()],
        language_codes: vec!["ru".into()],
        ..Default::default()
    };
    let request = wire::CreateMemberRequest { member: Some(member), request_id: new_id() };
    let result = ticket::commands::create_member::run(rig.app.clone(), supervisor(), request).await;
    assert_eq!(reason(result), "MEMBER_EXISTS");
    assert_eq!(reason(get(&rig, "nobody").await), "MEMBER_NOT_FOUND");
    assert_eq!(reason(rig.assign(&rig.file(&citizen(), form()).await.name, "nobody").await), "MEMBER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn duty_is_ones_own_or_a_supervisors_to_set() {
    let rig = Rig::staffed().await;
    let set = |caller, id: &str| {
        let request = wire::SetDutyRequest { name: format!("staff/{id}"), on_duty: false, request_id: new_id() };
        ticket::commands::set_duty::run(rig.app.clone(), caller, request)
    };
    assert_eq!(reason(set(operator("operator-1"), "operator-2").await), reasons::NOT_YOURS);
    assert!(!set(operator("operator-1"), "operator-1").await.unwrap().on_duty);
    assert!(!set(supervisor(), "operator-2").await.unwrap().on_duty);
    let filed = rig.file(&citizen(), form()).await;
    assert_eq!(reason(rig.assign(&filed.name, "operator-2").await), "MEMBER_NOT_SUITABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_by_name_in_pages() {
    let rig = Rig::staffed().await;
    let list = |page_token: String, level: Level| {
        let request = wire::ListMembersRequest { page_size: 2, page_token, level: level.into(), ..Default::default() };
        ticket::queries::list_members::run(rig.app.clone(), supervisor(), request)
    };
    let first = list(String::new(), Level::Unspecified).await.unwrap();
    let second = list(first.next_page_token.clone(), Level::Unspecified).await.unwrap();
    let names: Vec<String> = first.members.into_iter().chain(second.members).map(|member| member.name).collect();
    assert_eq!(names, ["staff/operator-1", "staff/operator-2", "staff/senior-1", "staff/senior-2"]);
    assert_eq!(list(String::new(), Level::Supervisor).await.unwrap().members.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_made_once_and_never_set_back() {
    let rig = Rig::new().await;
    let made = ticket::commands::seed_staff::run(&rig.app).await.unwrap();
    assert!(made >= 5, "two to choose from below and above");
    assert_eq!(rig.sent::<UpsertRecipientRequest>().await.len(), made);

    let off = wire::SetDutyRequest { name: "staff/senior-1".into(), on_duty: false, request_id: new_id() };
    ticket::commands::set_duty::run(rig.app.clone(), supervisor(), off).await.unwrap();
    assert_eq!(ticket::commands::seed_staff::run(&rig.app).await.unwrap(), 0);
    assert!(!get(&rig, "senior-1").await.unwrap().on_duty);
}
