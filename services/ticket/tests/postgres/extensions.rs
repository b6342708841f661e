//! ExtendDeadline: the citizen is told first, and what becomes of that decides (L4).

use jiff::SignedDuration;
use proto::notification::v1::{self as notification, notification::State as Notice};
use proto::sla::v1 as sla;
use proto::ticket::v1::{self as wire, appeal::extension::State, appeal_event::Type};
use rpc::{Caller, Refusal};

use crate::rig::{Level, Rig, citizen, form, new_id, reason, time};

const NAME: &str = "extends";

async fn extend(rig: &Rig, by: &Caller, name: &str, days: i32, id: &str) -> Result<wire::Appeal, Refusal> {
    let request = wire::ExtendDeadlineRequest {
        name: name.into(),
        reason: sla::ExtensionReason::OtherDepartments.into(),
        length: Some(sla::Allowance { span: Some(sla::allowance::Span::WorkingDays(days)) }),
        etag: String::new(),
        request_id: id.into(),
    };
    ticket::commands::extend_deadline::run(rig.app.clone(), by.clone(), request).await
}

/// The last notice of an extension, with the request that asked for it.
async fn notice(rig: &Rig) -> (String, notification::Notification) {
    let all = rig.sent::<notification::SendNotificationRequest>().await;
    let of = |it: notification::SendNotificationRequest| {
        let notice = it.notification.filter(|notice| notice.template == "deadline_extended")?;
        Some((it.request_id, notice))
    };
    all.into_iter().filter_map(of).next_back().expect("a notice")
}

async fn outcome(rig: &Rig, name: &str, send_request_id: &str, state: Notice) {
    let outcome = notification::NoticeOutcome {
        notification: "notifications/1".into(),
        subject: name.into(),
        template: "deadline_extended".into(),
        state: state.into(),
        outcome_time: Some(proto::to_wire(rig.minutes(0))),
        send_request_id: send_request_id.into(),
        ..Default::default()
    };
    let request = wire::RecordNoticeOutcomeRequest { outcome: Some(outcome), request_id: new_id() };
    let by = Caller::of_system("notification");
    ticket::commands::record_notice_outcome::run(rig.app.clone(), by, request).await.unwrap();
}

async fn held(rig: &Rig) -> (Caller, wire::Appeal) {
    let by = rig.member(NAME, Level::Specialist).await;
    let filed = rig.file(&citizen(), form()).await;
    rig.assign(&filed.name, NAME).await.unwrap();
    (by, filed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_due_time_governs_once_a_provider_took_the_notice_and_the_monitor_hears_of_it() {
    let rig = Rig::staffed().await;
    let (by, filed) = held(&rig).await;
    let id = new_id();
    let proposed = extend(&rig, &by, &filed.name, 2, &id).await.unwrap();
    assert_eq!(proposed.due_time, filed.due_time);
    let extension = proposed.extension.unwrap();
    assert_eq!(extension.state(), State::Proposed);
    assert_eq!(extend(&rig, &by, &filed.name, 2, &id).await.unwrap(), proposed, "the same request is the same answer");
    assert_eq!(reason(extend(&rig, &by, &filed.name, 2, &new_id()).await), "EXTENSION_PROPOSED");
    let (request, told) = notice(&rig).await;
    assert_eq!(told.expire_time, filed.due_time, "later it would be untrue");
    let words: Vec<_> = told.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(words, ["number", "due_time", "reason"]);

    outcome(&rig, &filed.name, &request, Notice::Sent).await;
    let now = rig.get(&by, &filed.name).await.unwrap();
    assert_eq!((now.due_time, now.expected_time), (extension.due_time, extension.due_time));
    assert!(time(&now.due_time) > time(&filed.due_time));
    assert_eq!(now.extension.unwrap().state(), State::Effective);
    let deadline = rig.sent::<sla::UpdateDeadlineRequest>().await.pop().unwrap().deadline.unwrap();
    let clock = deadline.clocks.iter().find(|clock| clock.kind() == sla::ClockKind::Resolution).unwrap();
    assert_eq!((clock.epoch, clock.due_time), (2, extension.due_time));
    assert_eq!(clock.extensions[0].reason(), sla::ExtensionReason::OtherDepartments);
    let kinds: Vec<Type> = rig.events(&filed.name).await.iter().map(wire::AppealEvent::r#type).collect();
    assert_eq!(kinds[2..], [Type::ExtensionProposed, Type::NoticeOutcome, Type::Extended]);
    assert_eq!(reason(extend(&rig, &by, &filed.name, 1, &new_id()).await), "EXTENSION_NOT_ALLOWED");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_in_time_lapses_at_the_old_due_time() {
    let rig = Rig::staffed().await;
    let (by, filed) = held(&rig).await;
    extend(&rig, &by, &filed.name, 2, &new_id()).await.unwrap();
    let (request, _) = notice(&rig).await;
    rig.clock.set(time(&filed.due_time));
    outcome(&rig, &filed.name, &request, Notice::Delivered).await;
    let now = rig.get(&by, &filed.name).await.unwrap();
    assert_eq!((now.due_time, now.extension.unwrap().state()), (filed.due_time, State::Lapsed));
    assert_eq!(reason(extend(&rig, &by, &filed.name, 2, &new_id()).await), "DEADLINE_PASSED");
    let last = rig.events(&filed.name).await.pop().unwrap();
    assert_eq!((last.r#type(), last.reason.as_str()), (Type::ExtensionLapsed, "due_time_passed"));
    rig.audit(&filed.name).await;
}

/// The outcome and the breach at one moment, many times over: whoever locks the row first decides, and the other one finds it decided.
#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_and_a_breach_at_one_moment_never_both_win() {
    let rig = Rig::staffed().await;
    let by = rig.member(NAME, Level::Specialist).await;
    for _ in 0..12 {
        let filed = rig.file(&citizen(), form()).await;
        rig.assign(&filed.name, NAME).await.unwrap();
        extend(&rig, &by, &filed.name, 2, &new_id()).await.unwrap();
        let (request, _) = notice(&rig).await;
        let breach = wire::EscalateAppealRequest {
            name: filed.name.clone(),
            level: 1,
            clock: sla::ClockKind::Resolution.into(),
            epoch: 1,
            level_due_time: Some(proto::to_wire(time(&filed.due_time) + SignedDuration::from_hours(8))),
            lateness: None,
            request_id: new_id(),
        };
        let breach = ticket::commands::escalate_appeal::run(rig.app.clone(), Caller::of_system("sla"), breach);
        let (_, breach) = tokio::join!(outcome(&rig, &filed.name, &request, Notice::Sent), breach);
        let now = rig.get(&by, &filed.name).await.unwrap();
        let is_effective = now.extension.as_ref().unwrap().state() == State::Effective;
        if is_effective {
            assert_eq!((reason(breach), now.escalation_level), ("EPOCH_STALE", 0));
        } else {
            assert_eq!((breach.is_ok(), now.escalation_level, now.due_time), (true, 1, filed.due_time));
        }
        rig.audit(&filed.name).await;
    }
}
