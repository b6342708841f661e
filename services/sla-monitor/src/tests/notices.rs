//! What became of repeat notices comes back to their rungs and goes on to the journal.

use std::sync::Arc;

use proto::notification::v1::{NoticeOutcome, SendNotificationRequest, notification::State};
use proto::sla::v1::RecordNoticeOutcomeRequest;
use proto::ticket::v1::RecordDeadlineOutcomeRequest;
use proto::ticket::v1::record_deadline_outcome_request::Outcome;
use proto::to_wire;
use rpc::Caller;

use super::rig::{Rig, answered, hours, request_id};
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
