//! EscalateAppeal: every way it is accepted and refused, and what the SLA monitor's records do.

use jiff::{SignedDuration, Timestamp};
use proto::notification::v1::SendNotificationRequest;
use proto::sla::v1 as sla;
use proto::ticket::v1::{self as wire, appeal::State, appeal_event::Type};
use proto::to_wire;
use rpc::{Caller, Refusal};

use crate::rig::{Level, Rig, citizen, form, new_id, operator, reason, supervisor, time};
use crate::work::{ask, provide, resolve};

const RESOLUTION: sla::ClockKind = sla::ClockKind::Resolution;
const FIRST_ANSWER: sla::ClockKind = sla::ClockKind::FirstAnswer;

async fn escalate(
    rig: &Rig,
    name: &str,
    clock: sla::ClockKind,
    epoch: i64,
    level: i32,
    due: Timestamp,
) -> Result<wire::Appeal, Refusal> {
    let request = wire::EscalateAppealRequest {
        name: name.into(),
        level,
        clock: clock.into(),
        epoch,
        level_due_time: Some(to_wire(due)),
        lateness: None,
        request_id: new_id(),
    };
    ticket::commands::escalate_appeal::run(rig.app.clone(), Caller::of_system("sla"), request).await
}

fn in_four_hours(rig: &Rig) -> Timestamp {
    rig.minutes(1) + SignedDuration::from_hours(4)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_appeal_goes_up_level_by_level_each_once() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    rig.clock.set(time(&filed.due_time));
    let promise = in_four_hours(&rig);

    let first = escalate(&rig, &filed.name, RESOLUTION, 1, 1, promise).await.unwrap();
    assert_eq!((first.escalation_level, time(&first.expected_time)), (1, promise));
    assert_eq!(first.due_time, filed.due_time, "an escalation moves no due time");
    assert!(!first.recipient.is_empty(), "the monitor needs to know whom to tell");
    let staff = rig.get(&supervisor(), &filed.name).await.unwrap();
    assert_eq!(staff.assignee, "staff/senior-1", "the least load, ties by name");

    // The same rung again, under another request id: the answer is as before, the journal has it once.
    escalate(&rig, &filed.name, RESOLUTION, 1, 1, promise).await.unwrap();
    let second = escalate(&rig, &filed.name, RESOLUTION, 1, 2, rig.minutes(60)).await.unwrap();
    assert_eq!(second.escalation_level, 2);
    assert_eq!(rig.get(&supervisor(), &filed.name).await.unwrap().assignee, "staff/supervisor-1");

    let levels: Vec<i32> =
        rig.events(&filed.name).await.iter().filter(|e| e.r#type() == Type::Escalated).map(|e| e.level).collect();
    assert_eq!(levels, [1, 2]);
    let told: Vec<_> = rig.notices().await.into_iter().filter(|(template, _)| template == "staff_escalated").collect();
    assert_eq!(
        told,
        [
            ("staff_escalated".to_owned(), "recipients/staff-senior-1".to_owned()),
            ("staff_escalated".to_owned(), "recipients/staff-supervisor-1".to_owned())
        ]
    );
    assert!(
        rig.notices().await.iter().all(|(template, _)| template != "overdue_repeat"),
        "the repeat is the SLA monitor's, on our OK"
    );
    rig.audit(&filed.name).await;
}

/// What the citizen was told before has passed, and they are told nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_first_answer_names_no_new_time_to_who_gets_it() {
    let rig = Rig::staffed().await;
    let filed = rig.file(&citizen(), form()).await;
    escalate(&rig, &filed.name, sla::ClockKind::FirstAnswer, 1, 1, rig.minutes(600)).await.unwrap();
    let sent = rig.sent::<SendNotificationRequest>().await;
    let notices = sent.into_iter().filter_map(|it| it.notification);
    let told: Vec<_> = notices.filter(|it| it.template == "staff_escalated").collect();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.variables.iter().all(|it| it.name != "due_time"), "{told:?}");
}

/// The call waited for us for longer than the level's term. The answer tells the monitor what the citizen is to be told.
#[tokio::test(flavor = "multi_thread")]
async fn a_promise_that_passed_on_the_way_here_is_given_anew() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    let promise = rig.minutes(600);
    let now = rig.minutes(60);
    let late = escalate(&rig, &filed.name, RESOLUTION, 1, 1, promise).await.unwrap();
    assert!(time(&late.expected_time) > now);
    assert_eq!(late.due_time, filed.due_time);
    assert_eq!(rig.get(&supervisor(), &filed.name).await.unwrap().expected_time, late.expected_time);
    let told = rig.events(&filed.name).await.pop().unwrap();
    assert_eq!((told.r#type(), told.expected_time), (Type::Escalated, late.expected_time));
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_load_gets_it() {
    let rig = Rig::staffed().await;
    let promise: Timestamp = rig.minutes(600);
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let filed = rig.file(&citizen(), form()).await;
        escalate(&rig, &filed.name, RESOLUTION, 1, 1, promise).await.unwrap();
        receivers.push(rig.get(&supervisor(), &filed.name).await.unwrap().assignee);
    }
    assert_eq!(receivers, ["staff/senior-1", "staff/senior-2", "staff/senior-1", "staff/senior-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_on_duty_it_waits_in_the_queue_of_that_level() {
    let rig = Rig::new().await;
    rig.member("operator-1", Level::Operator).await;
    let filed = rig.assigned(&citizen(), form()).await;
    let escalated = escalate(&rig, &filed.name, RESOLUTION, 1, 1, rig.minutes(600)).await.unwrap();
    assert_eq!(escalated.state(), State::Registered);
    let told: Vec<String> = rig.notices().await.into_iter().map(|(template, _)| template).collect();
    assert_eq!(told, ["registration", "staff_assigned"], "what moves among staff is no news for the citizen");

    let claim = |id: &str| {
        let request = wire::ClaimNextAppealRequest { request_id: new_id() };
        ticket::commands::claim_next_appeal::run(rig.app.clone(), operator(id), request)
    };
    assert_eq!(claim("operator-1").await.unwrap().appeal, None, "an operator is below the queue's level");
    rig.member("senior-1", Level::SeniorSpecialist).await;
    assert_eq!(claim("senior-1").await.unwrap().appeal.unwrap().name, filed.name);
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answers_ladder_hands_up_and_promises_nothing() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    let escalated = escalate(&rig, &filed.name, FIRST_ANSWER, 1, 1, rig.minutes(600)).await.unwrap();
    assert_eq!((escalated.escalation_level, escalated.expected_time), (1, filed.expected_time));

    // The other clock's level 1 acts too, and moves nobody's assignment.
    let promise = in_four_hours(&rig);
    let again = escalate(&rig, &filed.name, RESOLUTION, 1, 1, promise).await.unwrap();
    assert_eq!(time(&again.expected_time), promise);
    assert_eq!(rig.events(&filed.name).await.iter().filter(|e| e.r#type() == Type::Escalated).count(), 2);
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_late_is_refused_by_the_reasons_the_monitor_expects() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let promise = rig.minutes(5);
    let late = |clock, epoch| escalate(&rig, &filed.name, clock, epoch, 1, promise);

    ask(&rig, &filed.name, wire::request_info_request::Need::Information).await.unwrap();
    assert_eq!(reason(late(RESOLUTION, 1).await), "CLOCK_NOT_RUNNING");
    assert_eq!(reason(late(FIRST_ANSWER, 1).await), "CLOCK_NOT_RUNNING");

    provide(&rig, &own, &filed.name, "").await.unwrap();
    assert_eq!(reason(late(RESOLUTION, 1).await), "EPOCH_STALE");
    assert_eq!(reason(late(RESOLUTION, 3).await), "EPOCH_STALE");

    resolve(&rig, &filed.name, "", "").await.unwrap();
    assert_eq!(reason(late(RESOLUTION, 2).await), "APPEAL_CLOSED");
    assert_eq!(rig.get(&own, &filed.name).await.unwrap().escalation_level, 0);

    let missing = format!("appeals/{}", uuid::Uuid::new_v4());
    assert_eq!(reason(escalate(&rig, &missing, RESOLUTION, 1, 1, promise).await), "APPEAL_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_hands_up_and_the_receiver_acknowledges() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    let acknowledge = |id: &str| {
        let request = wire::AcknowledgeEscalationRequest { name: filed.name.clone(), request_id: new_id() };
        ticket::commands::acknowledge_escalation::run(rig.app.clone(), operator(id), request)
    };
    assert_eq!(reason(acknowledge("operator-1").await), "NOT_ESCALATED");

    let request = wire::EscalateAppealRequest { name: filed.name.clone(), request_id: new_id(), ..Default::default() };
    let up = ticket::commands::escalate_appeal::run(rig.app.clone(), supervisor(), request).await.unwrap();
    assert_eq!((up.escalation_level, up.expected_time), (1, filed.expected_time));
    assert_eq!(reason(acknowledge("operator-1").await), "NOT_ASSIGNEE");
    let before = rig.sent::<sla::UpdateDeadlineRequest>().await.len();
    let seen = acknowledge("senior-1").await.unwrap();
    assert_eq!(acknowledge("senior-1").await.unwrap().acknowledge_time, seen.acknowledge_time);
    let told = rig.sent::<sla::UpdateDeadlineRequest>().await;
    assert_eq!(told.len(), before + 1, "once, whoever says it twice");
    let deadline = told.last().and_then(|it| it.deadline.clone()).unwrap();
    let acknowledgement = sla::Acknowledgement { level: 1, acknowledge_time: seen.acknowledge_time };
    assert_eq!(deadline.acknowledgement, Some(acknowledgement));
    assert!(seen.acknowledge_time.is_some());
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_reminded_of_what_is_over() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let warned = |clock: sla::ClockKind, epoch: i64| {
        let request = wire::RecordDeadlineOutcomeRequest {
            appeal: filed.name.clone(),
            clock: clock.into(),
            epoch,
            outcome: wire::record_deadline_outcome_request::Outcome::Warned.into(),
            outcome_time: filed.create_time,
            due_time: filed.due_time,
            request_id: new_id(),
            ..Default::default()
        };
        ticket::commands::record_deadline_outcome::run(rig.app.clone(), Caller::of_system("sla"), request)
    };
    let reminders =
        || async { rig.notices().await.iter().filter(|(template, _)| template == "staff_reminder").count() };

    ask(&rig, &filed.name, wire::request_info_request::Need::Information).await.unwrap();
    warned(RESOLUTION, 1).await.unwrap();
    warned(FIRST_ANSWER, 1).await.unwrap();
    assert_eq!(reminders().await, 0, "one is paused, the other met");
    provide(&rig, &own, &filed.name, "").await.unwrap();
    warned(RESOLUTION, 1).await.unwrap();
    assert_eq!(reminders().await, 0, "it is due later now");
    warned(RESOLUTION, 2).await.unwrap();
    assert_eq!(reminders().await, 1);
    resolve(&rig, &filed.name, "", "").await.unwrap();
    warned(RESOLUTION, 2).await.unwrap();
    assert_eq!(reminders().await, 1, "resolved");
    // All the same each is in the journal.
    let noted = rig.events(&filed.name).await.iter().filter(|event| event.r#type() == Type::DeadlineWarned).count();
    assert_eq!(noted, 5);
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_monitor_and_notification_tell_is_noted_and_nothing_goes_back() {
    use wire::record_deadline_outcome_request::Outcome;
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let before = rig.get(&own, &filed.name).await.unwrap();
    let record = |outcome: Outcome, level: i32| {
        let request = wire::RecordDeadlineOutcomeRequest {
            appeal: filed.name.clone(),
            clock: RESOLUTION.into(),
            epoch: 1,
            level,
            outcome: outcome.into(),
            outcome_time: filed.create_time,
            due_time: filed.due_time,
            notice_state: proto::notification::v1::notification::State::Delivered.into(),
            request_id: new_id(),
            ..Default::default()
        };
        ticket::commands::record_deadline_outcome::run(rig.app.clone(), Caller::of_system("sla"), request)
    };
    let calls_before = rig.sent::<sla::UpdateDeadlineRequest>().await.len();
    record(Outcome::Warned, 0).await.unwrap();
    record(Outcome::Superseded, 1).await.unwrap();
    record(Outcome::RepeatNotice, 2).await.unwrap();
    let outcome = proto::notification::v1::NoticeOutcome {
        notification: "notifications/1".into(),
        subject: filed.name.clone(),
        template: "registration".into(),
        state: proto::notification::v1::notification::State::Sent.into(),
        outcome_time: filed.create_time,
        send_request_id: new_id(),
        ..Default::default()
    };
    let request = wire::RecordNoticeOutcomeRequest { outcome: Some(outcome), request_id: new_id() };
    let notification = Caller::of_system("notification");
    ticket::commands::record_notice_outcome::run(rig.app.clone(), notification, request).await.unwrap();

    let kinds: Vec<Type> = rig.events(&filed.name).await[2..].iter().map(|event| event.r#type()).collect();
    assert_eq!(kinds, [Type::DeadlineWarned, Type::RungNotActed, Type::NoticeOutcome, Type::NoticeOutcome]);
    assert_eq!(rig.get(&own, &filed.name).await.unwrap(), before, "neither etag nor update time move");
    assert_eq!(rig.sent::<sla::UpdateDeadlineRequest>().await.len(), calls_before);
    let reminded: Vec<_> =
        rig.notices().await.into_iter().filter(|(template, _)| template == "staff_reminder").collect();
    assert_eq!(reminded, [("staff_reminder".to_owned(), "recipients/staff-operator-1".to_owned())]);
    rig.audit(&filed.name).await;
}
