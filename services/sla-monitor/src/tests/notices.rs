//! What became of repeat notices comes back to their rungs and goes on to the journal.

use std::sync::Arc;

use proto::notification::v1::{NoticeOutcome, SendNotificationRequest, notification::State};
use proto::sla::v1::{Acknowledgement, Deadline, RecordNoticeOutcomeRequest, UpdateDeadlineRequest};
use proto::ticket::v1::record_deadline_outcome_request::Outcome;
use proto::ticket::v1::{EscalateAppealRequest, RecordDeadlineOutcomeRequest};
use proto::to_wire;
use rpc::Caller;

use super::rig::{Rig, answered, hours, request_id, revised};
use crate::commands;

fn told(rig: &Rig, send_request_id: &str, state: State) -> RecordNoticeOutcomeRequest {
    let outcome = NoticeOutcome {
        notification: "notifications/one".into(),
        template: "overdue_repeat".into(),
        state: state.into(),
        outcome_time: Some(to_wire(rig.now())),
        send_request_id: send_request_id.to_owned(),
        ..NoticeOutcome::default()
    };
    RecordNoticeOutcomeRequest { outcome: Some(outcome), request_id: request_id() }
}

async fn record(rig: &Rig, request: RecordNoticeOutcomeRequest) {
    let caller = Caller::of_system("notification");
    commands::record_notice_outcome::run(Arc::clone(&rig.app), caller, request).await.unwrap();
}

fn journal(rig: &Rig) -> Vec<State> {
    let notes = rig.ticket.applied::<RecordDeadlineOutcomeRequest>();
    notes.iter().filter(|it| it.outcome() == Outcome::RepeatNotice).map(|it| it.notice_state()).collect()
}

#[tokio::test]
async fn outcomes_find_their_rung_go_to_the_journal_once_each_and_never_move_back() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    let sent = rig.notification.applied::<SendNotificationRequest>().remove(0).request_id;
    let delivered = told(&rig, &sent, State::Delivered);
    record(&rig, delivered.clone()).await;
    record(&rig, delivered).await;
    record(&rig, told(&rig, &sent, State::Sent)).await;
    rig.settle().await;
    let rung = rig.get(&deadline).await.clocks[1].rungs[1].clone();
    assert_eq!((rung.level, rung.notice.as_str()), (1, "DELIVERED"));
    assert_eq!(journal(&rig), [State::Delivered, State::Sent]);
    let note = rig.ticket.applied::<RecordDeadlineOutcomeRequest>().pop().unwrap();
    assert_eq!((note.appeal, note.level, note.epoch), (deadline.appeal, 1, 1));
}

#[tokio::test]
async fn an_outcome_that_no_rung_asked_for_is_taken_and_counted() {
    let rig = Rig::new().await;
    record(&rig, told(&rig, &request_id(), State::Failed)).await;
    assert!(rig.metrics().contains("otklik_sla_unknown_notices_total 1"));
    rig.settle().await;
    assert_eq!(journal(&rig), []);
}

#[tokio::test]
async fn a_notice_that_came_too_late_to_be_sent_is_told_to_the_journal() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    let sent = rig.notification.applied::<SendNotificationRequest>().remove(0).request_id;
    record(&rig, told(&rig, &sent, State::Expired)).await;
    rig.settle().await;
    assert_eq!(rig.get(&deadline).await.clocks[1].rungs[1].notice, "EXPIRED");
    assert_eq!(journal(&rig), [State::Expired]);
}

/// By every channel, while the senior specialist has hours left: the supervisor gets it now, and the citizen's notice is tried again from there.
#[tokio::test]
async fn a_citizen_who_could_not_be_told_is_handed_up_at_once_and_told_again() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    let sent = rig.notification.applied::<SendNotificationRequest>().remove(0).request_id;
    rig.at(hours(25));
    let heard = to_wire(rig.now());
    record(&rig, told(&rig, &sent, State::Failed)).await;
    rig.settle().await;
    let rungs = rig.get(&deadline).await.clocks[1].rungs.clone();
    let shown: Vec<_> = rungs[1..].iter().map(|it| (it.level, it.notice.as_str(), it.reason.as_str())).collect();
    assert_eq!(shown, [(1, "FAILED", ""), (2, "QUEUED", "NOTICE_UNHEARD")]);
    assert_eq!((rungs[1].notice_time, rungs[2].act_time), (Some(heard), Some(heard)));
    let levels: Vec<i32> = rig.ticket.applied::<EscalateAppealRequest>().iter().map(|it| it.level).collect();
    assert_eq!(levels, [1, 2]);
    assert_eq!(rig.notification.applied::<SendNotificationRequest>().len(), 2);
    assert_eq!(journal(&rig), [State::Failed]);
}

/// The failure and the delivery are told at one moment: whichever is written first, the delivery stands and nobody is raised for nothing later.
#[tokio::test]
async fn a_failure_and_a_delivery_at_once_leave_the_delivery() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    let sent = rig.notification.applied::<SendNotificationRequest>().remove(0).request_id;
    tokio::join!(record(&rig, told(&rig, &sent, State::Failed)), record(&rig, told(&rig, &sent, State::Delivered)));
    let rungs = rig.get(&deadline).await.clocks[1].rungs.clone();
    assert_eq!((rungs[1].notice.as_str(), rungs[2].reason.as_str()), ("DELIVERED", ""));
    assert!(rungs[2].fire_time.unwrap().seconds > to_wire(rig.now()).seconds);
}

/// The same, but the senior specialist has said that they have it: it is theirs to reach the citizen.
#[tokio::test]
async fn who_has_acknowledged_keeps_it_until_their_own_term_is_over() {
    let rig = Rig::new().await;
    let promised = answered();
    let deadline = rig.track(&promised).await;
    rig.at(hours(24));
    rig.settle().await;
    let sent = rig.notification.applied::<SendNotificationRequest>().remove(0).request_id;
    rig.at(hours(25));
    let acknowledgement = Acknowledgement { level: 1, acknowledge_time: Some(to_wire(rig.now())) };
    let seen = revised(&promised, |_| ());
    let shown = rig.update(&Deadline { acknowledgement: Some(acknowledgement), ..seen }).await;
    assert_eq!(shown.acknowledgement, Some(acknowledgement));
    let rung = &shown.clocks[1].rungs[1];
    assert!(rung.accept_time.is_some());
    record(&rig, told(&rig, &sent, State::Failed)).await;
    rig.settle().await;
    let levels = || rig.ticket.applied::<EscalateAppealRequest>().iter().map(|it| it.level).collect::<Vec<_>>();
    assert_eq!(levels(), [1]);
    let until = rig.get(&deadline).await.clocks[1].rungs[1].promise_time.unwrap();
    rig.hand.set(proto::from_wire(&until).unwrap());
    rig.settle().await;
    assert_eq!(levels(), [1, 2]);
    assert_eq!(rig.get(&deadline).await.clocks[1].rungs[2].reason, "");
}

#[tokio::test]
async fn an_acknowledgement_of_nothing_is_refused_with_all_else_that_is_wrong() {
    let rig = Rig::new().await;
    let acknowledgement = Some(Acknowledgement { level: 0, acknowledge_time: None });
    let deadline = Some(Deadline { acknowledgement, revision: 0, ..answered() });
    let request = UpdateDeadlineRequest { deadline, request_id: request_id() };
    let refusal = commands::update_deadline::run(Arc::clone(&rig.app), Caller::of_system("ticket"), request).await;
    let told = format!("{:?}", refusal.unwrap_err());
    for field in ["revision", "acknowledgement.level", "acknowledgement.acknowledge_time"] {
        assert!(told.contains(&format!("deadline.{field}")), "{told}");
    }
}
