//! Another body is asked: what is refused, what is answered again, and what an older replica leaves behind.

use proto::ticket::v1::{self as wire, appeal::State, record_other_body_answer_request::Outcome};
use rpc::Refusal;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::rig::{Rig, citizen, form, new_id, operator, reason};

async fn ask(rig: &Rig, request: wire::AskOtherBodyRequest) -> Result<wire::Appeal, Refusal> {
    ticket::commands::ask_other_body::run(rig.app.clone(), operator("operator-1"), request).await
}

async fn record(rig: &Rig, request: wire::RecordOtherBodyAnswerRequest) -> Result<wire::Appeal, Refusal> {
    ticket::commands::record_other_body_answer::run(rig.app.clone(), operator("operator-1"), request).await
}

fn question(name: &str) -> wire::AskOtherBodyRequest {
    wire::AskOtherBodyRequest {
        name: name.into(),
        body: "tax_service".into(),
        text: "Переданы ли сведения?".into(),
        etag: String::new(),
        request_id: new_id(),
    }
}

fn answer(name: &str) -> wire::RecordOtherBodyAnswerRequest {
    wire::RecordOtherBodyAnswerRequest {
        name: name.into(),
        outcome: Outcome::GivenUp.into(),
        text: "Ответа нет.".into(),
        etag: String::new(),
        request_id: new_id(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_refused_and_changes_nothing() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    for body in ["", "Tax service", "9th_office", "ivanov_79161234567", &"a".repeat(64)] {
        let request = wire::AskOtherBodyRequest { body: body.into(), ..question(&filed.name) };
        assert_eq!(reason(ask(&rig, request).await), "REQUEST_INVALID", "{body}");
    }
    let wordless = wire::AskOtherBodyRequest { text: " ".into(), ..question(&filed.name) };
    assert_eq!(reason(ask(&rig, wordless).await), "REQUEST_INVALID");
    let stale = wire::AskOtherBodyRequest { etag: "v0".into(), ..question(&filed.name) };
    assert_eq!(reason(ask(&rig, stale).await), "ETAG_STALE");
    assert_eq!(reason(record(&rig, answer(&filed.name)).await), "STATE_NOT_ALLOWED");
    assert_eq!(rig.get(&own, &filed.name).await.unwrap().state(), State::Assigned);

    let asked = ask(&rig, question(&filed.name)).await.unwrap();
    let unknown = wire::RecordOtherBodyAnswerRequest { outcome: 77, ..answer(&filed.name) };
    assert_eq!(reason(record(&rig, unknown).await), "REQUEST_INVALID");
    assert_eq!(rig.get(&operator("operator-1"), &filed.name).await.unwrap().etag, asked.etag);
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_again_it_is_answered_alike_and_other_content_is_refused() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    let request = question(&filed.name);
    let asked = ask(&rig, request.clone()).await.unwrap();
    assert_eq!(asked.state(), State::AwaitingOtherBody);
    assert_eq!(ask(&rig, request.clone()).await.unwrap(), asked);
    let other = wire::AskOtherBodyRequest { body: "police".into(), ..request };
    assert_eq!(reason(ask(&rig, other).await), "REQUEST_ID_REUSED");
    let given_up = record(&rig, answer(&filed.name)).await.unwrap();
    assert_eq!(given_up.state(), State::InProgress);
    rig.audit(&filed.name).await;
}

/// A replica of the version before leads out of the stage by commands that do not know its clock, and leaves it running.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_an_older_replica_left_running_has_ended() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let mut admin = PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let left = r#"{"kind": "other_body", "state": "running", "epoch": 1, "start_time": "2026-03-02T09:00:00Z", "start_epoch": 1,
        "due_time": "2026-03-03T09:00:00Z", "end_time": null, "allowance": {"working_days": 1}, "calendar": "working_days",
        "calendar_version": 2, "acted_level": 0}"#;
    let id: Uuid = filed.uid.parse().unwrap();
    for state in ["assigned", "in_progress"] {
        sqlx::query("UPDATE ticket.appeal SET other_body = $1::jsonb, state = $2 WHERE appeal_id = $3")
            .bind(left)
            .bind(state)
            .bind(id)
            .execute(&mut admin)
            .await
            .unwrap();
        let read = rig.get(&own, &filed.name).await.unwrap();
        assert_eq!(read.other_body_due_time, None, "{state}");
    }
    assert_eq!(ask(&rig, question(&filed.name)).await.unwrap().state(), State::AwaitingOtherBody);
}
