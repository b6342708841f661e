//! ClaimNextAppeal: the most urgent first, and nothing twice.

use std::collections::HashSet;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};

use crate::rig::{Level, Rig, citizen, form, lost_access, new_id, operator, reason};

async fn claim(rig: &Rig, caller: &Caller) -> Result<Option<wire::Appeal>, Refusal> {
    let request = wire::ClaimNextAppealRequest { request_id: new_id() };
    Ok(ticket::commands::claim_next_appeal::run(rig.app.clone(), caller.clone(), request).await?.appeal)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_claimers_share_the_queue_without_a_double_and_without_a_rest() {
    let rig = Rig::new().await;
    let mut members = Vec::new();
    for number in 0..8 {
        members.push(rig.member(&format!("member-{number}"), Level::Operator).await);
    }
    let mut waiting = HashSet::new();
    for _ in 0..40 {
        waiting.insert(rig.file(&citizen(), form()).await.name);
    }

    let until_empty = members.iter().map(|member| async {
        let mut mine = Vec::new();
        while let Some(appeal) = claim(&rig, member).await.unwrap() {
            assert_eq!(appeal.assignee, member.subject);
            mine.push(appeal.name);
        }
        mine
    });
    let taken: Vec<String> = futures::future::join_all(until_empty).await.into_iter().flatten().collect();

    assert_eq!(taken.len(), 40);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>(), waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_urgent_comes_first_and_a_repetition_gets_the_same() {
    let rig = Rig::staffed().await;
    let usual = rig.file(&citizen(), form()).await;
    rig.minutes(1);
    let urgent = rig.file(&citizen(), lost_access()).await;
    let caller = operator("operator-1");

    let request = wire::ClaimNextAppealRequest { request_id: new_id() };
    for _ in 0..2 {
        let claimed = ticket::commands::claim_next_appeal::run(rig.app.clone(), caller.clone(), request.clone()).await;
        assert_eq!(claimed.unwrap().appeal.unwrap().name, urgent.name);
    }
    assert_eq!(claim(&rig, &caller).await.unwrap().unwrap().name, usual.name);
    assert!(claim(&rig, &caller).await.unwrap().is_none());
    rig.audit(&urgent.name).await;
    // Who took it themselves is not told of it.
    assert!(rig.notices().await.iter().all(|(template, _)| template != "staff_assigned"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_member_can_take_is_given() {
    let rig = Rig::staffed().await;
    rig.file(&citizen(), wire::Appeal { category: "payment".into(), ..form() }).await;
    rig.file(&citizen(), wire::Appeal { language_code: "en".into(), ..form() }).await;
    assert!(claim(&rig, &operator("operator-1")).await.unwrap().is_none(), "another group, another language");

    assert_eq!(reason(claim(&rig, &operator("stranger")).await), "MEMBER_NOT_FOUND");
    let off = wire::SetDutyRequest { name: "staff/operator-1".into(), on_duty: false, request_id: new_id() };
    ticket::commands::set_duty::run(rig.app.clone(), operator("operator-1"), off).await.unwrap();
    assert_eq!(reason(claim(&rig, &operator("operator-1")).await), "MEMBER_NOT_SUITABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_that_somebody_writes_to_is_waited_for_and_not_passed_over() {
    let rig = Rig::staffed().await;
    let filed = rig.file(&citizen(), form()).await;
    let id: uuid::Uuid = filed.uid.parse().unwrap();
    let mut writer = rig.app.db.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM appeal WHERE appeal_id = $1 FOR UPDATE").bind(id).execute(&mut *writer).await.unwrap();

    let caller = operator("operator-1");
    let (claimed, ()) = tokio::join!(claim(&rig, &caller), async {
        rig.until_waiting(1).await;
        writer.rollback().await.unwrap();
    });
    assert_eq!(claimed.unwrap().unwrap().name, filed.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_that_is_handed_up_meanwhile_is_no_longer_theirs_and_no_refusal() {
    let rig = Rig::staffed().await;
    let filed = rig.file(&citizen(), form()).await;
    let mut writer = rig.app.db.pool().begin().await.unwrap();
    sqlx::query("UPDATE appeal SET queue_level = 3").execute(&mut *writer).await.unwrap();

    let caller = operator("operator-1");
    let (claimed, ()) = tokio::join!(claim(&rig, &caller), async {
        rig.until_waiting(1).await;
        writer.commit().await.unwrap();
    });
    assert_eq!(claimed.unwrap(), None, "nothing waits for an operator any more");
    assert_eq!(claim(&rig, &operator("senior-1")).await.unwrap().unwrap().name, filed.name);
}
