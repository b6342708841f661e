//! From assignment to the end: first answer, pause, answer, resolution, reopening, withdrawal.

use jiff::SignedDuration;
use proto::notification::v1 as notification;
use proto::sla::v1 as sla;
use proto::ticket::v1::{self as wire, appeal::State};
use rpc::{Caller, Refusal};

use crate::rig::{Rig, citizen, form, new_id, operator, reason, time};

pub async fn post(rig: &Rig, caller: &Caller, name: &str, text: &str) -> Result<wire::Message, Refusal> {
    let message = wire::Message { text: text.into(), ..Default::default() };
    let request = wire::PostMessageRequest { parent: name.into(), message: Some(message), request_id: new_id() };
    ticket::commands::post_message::run(rig.app.clone(), caller.clone(), request).await
}

pub async fn ask(rig: &Rig, name: &str, need: wire::request_info_request::Need) -> Result<wire::Appeal, Refusal> {
    let request = wire::RequestInfoRequest {
        name: name.into(),
        text: "Пришлите снимок экрана.".into(),
        need: need.into(),
        etag: String::new(),
        request_id: new_id(),
    };
    ticket::commands::request_info::run(rig.app.clone(), operator("operator-1"), request).await
}

pub async fn provide(rig: &Rig, caller: &Caller, name: &str, assertion: &str) -> Result<wire::Appeal, Refusal> {
    let request = wire::ProvideInfoRequest {
        name: name.into(),
        text: "Вот он.".into(),
        assertion: assertion.into(),
        request_id: new_id(),
    };
    ticket::commands::provide_info::run(rig.app.clone(), caller.clone(), request).await
}

pub async fn resolve(rig: &Rig, name: &str, etag: &str, assertion: &str) -> Result<wire::Appeal, Refusal> {
    let request = wire::ResolveAppealRequest {
        name: name.into(),
        answer: "Исправлено, попробуйте ещё раз.".into(),
        assertion: assertion.into(),
        etag: etag.into(),
        request_id: new_id(),
    };
    ticket::commands::resolve_appeal::run(rig.app.clone(), operator("operator-1"), request).await
}

async fn reopen(rig: &Rig, caller: &Caller, name: &str) -> Result<wire::Appeal, Refusal> {
    let request =
        wire::ReopenAppealRequest { name: name.into(), text: "Не помогло.".into(), request_id: new_id() };
    ticket::commands::reopen_appeal::run(rig.app.clone(), caller.clone(), request).await
}

const INFORMATION: wire::request_info_request::Need = wire::request_info_request::Need::Information;

/// The state of the SLA monitor's picture after the last call.
async fn clocks(rig: &Rig) -> Vec<(sla::clock::State, i64)> {
    let deadline = rig.sent::<sla::UpdateDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    deadline.clocks.iter().map(|clock| (clock.state(), clock.epoch)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assignees_first_message_is_the_first_answer() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    post(&rig, &own, &filed.name, "Есть новости?").await.unwrap();
    assert!(rig.get(&own, &filed.name).await.unwrap().first_answer_due_time.is_some());

    post(&rig, &operator("operator-1"), &filed.name, "Смотрим.").await.unwrap();
    let appeal = rig.get(&own, &filed.name).await.unwrap();
    assert_eq!(appeal.state(), State::InProgress);
    assert_eq!(appeal.first_answer_due_time, None);
    assert_eq!(appeal.due_time, filed.due_time);
    assert_eq!(clocks(&rig).await, [(sla::clock::State::Met, 1), (sla::clock::State::Running, 1)]);
    let told = rig.notices().await;
    assert!(told.contains(&("staff_assigned".into(), "recipients/staff-operator-1".into())));
    assert!(told.iter().any(|(template, _)| template == "status_change"));
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_stops_the_clock_and_the_answer_moves_the_due_time_by_the_pause() {
    let rig = Rig::staffed().await;
    let own = citizen();
    // The promise of a fault at the portal is real time here or working time inside opening hours: an hour is an hour.
    let filed = rig.assigned(&own, form()).await;
    rig.minutes(10);
    let paused = ask(&rig, &filed.name, INFORMATION).await.unwrap();
    assert_eq!(paused.state(), State::AwaitingApplicant);
    assert_eq!((&paused.due_time, &paused.expected_time, &paused.first_answer_due_time), (&None, &None, &None));
    assert_eq!(clocks(&rig).await, [(sla::clock::State::Met, 1), (sla::clock::State::Paused, 1)]);

    rig.minutes(60);
    let running = provide(&rig, &own, &filed.name, "").await.unwrap();
    assert_eq!(running.state(), State::InProgress);
    let moved = time(&filed.due_time).duration_until(time(&running.due_time));
    assert!(moved >= SignedDuration::from_hours(1), "moved by {moved:#}");
    assert_eq!(clocks(&rig).await, [(sla::clock::State::Met, 1), (sla::clock::State::Running, 2)]);
    let deadline = rig.sent::<sla::UpdateDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    assert_eq!(deadline.suspensions.len(), 1);
    let pause = &deadline.suspensions[0];
    assert_eq!(pause.reason, "awaiting_applicant");
    assert_eq!(time(&pause.start_time).duration_until(time(&pause.end_time)), SignedDuration::from_hours(1));
    assert_eq!(deadline.clocks[1].due_time, running.due_time);

    let question = rig.sent::<notification::SendNotificationRequest>().await;
    assert!(question.iter().any(|it| it.notification.as_ref().unwrap().template == "applicant_question"));
    assert_eq!(reason(provide(&rig, &own, &filed.name, "").await), "STATE_NOT_ALLOWED");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_twice_adds_up() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    for _ in 0..2 {
        ask(&rig, &filed.name, INFORMATION).await.unwrap();
        rig.minutes(30);
        provide(&rig, &own, &filed.name, "").await.unwrap();
    }
    let deadline = rig.sent::<sla::UpdateDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    assert_eq!((deadline.suspensions.len(), deadline.clocks[1].epoch), (2, 3));
    let appeal = rig.get(&own, &filed.name).await.unwrap();
    assert!(time(&filed.due_time).duration_until(time(&appeal.due_time)) >= SignedDuration::from_hours(1));
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_ends_the_clocks_and_carries_the_answer() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let resolved = resolve(&rig, &filed.name, "", "").await.unwrap();

    assert_eq!(resolved.state(), State::Resolved);
    assert_eq!(resolved.answer, "Исправлено, попробуйте ещё раз.");
    assert_eq!(rig.get(&own, &filed.name).await.unwrap().answer, resolved.answer);
    let stopped = rig.sent::<sla::StopDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    assert!(stopped.clocks.iter().all(|clock| clock.state() == sla::clock::State::Met && clock.end_time.is_some()));
    let last = rig.sent::<notification::SendNotificationRequest>().await.pop().unwrap().notification.unwrap();
    assert_eq!(last.template, "resolution");
    let names: Vec<&str> = last.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["number", "summary", "reopen_until"]);
    assert_eq!(reason(post(&rig, &own, &filed.name, "Спасибо.").await), "APPEAL_CLOSED");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reopened_within_the_window_the_clock_runs_on_and_after_it_no_more() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    resolve(&rig, &filed.name, "", "").await.unwrap();
    rig.minutes(60);
    let reopened = reopen(&rig, &own, &filed.name).await.unwrap();
    assert_eq!(reopened.state(), State::InProgress);
    assert_eq!(reopened.answer, "");
    assert!(time(&reopened.due_time) > time(&filed.due_time), "the time since the resolution does not count");
    assert_eq!(clocks(&rig).await, [(sla::clock::State::Met, 1), (sla::clock::State::Running, 2)]);
    rig.audit(&filed.name).await;

    resolve(&rig, &filed.name, "", "").await.unwrap();
    rig.clock.advance(SignedDuration::from_hours(24 * 21));
    assert_eq!(reason(reopen(&rig, &own, &filed.name).await), "REOPEN_WINDOW_PASSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_nothing_is_owed() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let request = wire::WithdrawAppealRequest { name: filed.name.clone(), request_id: new_id() };
    let withdrawn = ticket::commands::withdraw_appeal::run(rig.app.clone(), own.clone(), request).await.unwrap();

    assert_eq!(withdrawn.state(), State::Withdrawn);
    let stopped = rig.sent::<sla::StopDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    assert!(stopped.clocks.iter().all(|clock| clock.state() == sla::clock::State::Cancelled));
    assert_eq!(reason(rig.assign(&filed.name, "operator-1").await), "APPEAL_CLOSED");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_etag_changes_nothing() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    post(&rig, &own, &filed.name, "Ещё одно.").await.unwrap();

    assert_eq!(reason(resolve(&rig, &filed.name, &filed.etag, "").await), "ETAG_STALE");
    let present = rig.get(&own, &filed.name).await.unwrap();
    assert_eq!(present.state(), State::Assigned);
    assert_eq!(resolve(&rig, &filed.name, &present.etag, "").await.unwrap().state(), State::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_assignee_answers() {
    let rig = Rig::staffed().await;
    let filed = rig.file(&citizen(), form()).await;
    rig.assign(&filed.name, "operator-2").await.unwrap();
    assert_eq!(reason(resolve(&rig, &filed.name, "", "").await), "NOT_ASSIGNEE");
    assert_eq!(reason(ask(&rig, &filed.name, INFORMATION).await), "NOT_ASSIGNEE");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_one_appeal_at_once_take_turns() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let posts = (0..30).map(|number| {
        let (rig, own, name) = (&rig, &own, &filed.name);
        async move { post(rig, own, name, &format!("Сообщение {number}")).await.unwrap().name }
    });
    let mut names = futures::future::join_all(posts).await;
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 30);
    rig.audit(&filed.name).await;
}
