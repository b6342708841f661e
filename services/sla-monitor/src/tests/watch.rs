//! Track, update, stop: the newest revision wins, whatever comes when and how often.

use std::sync::Arc;

use proto::sla::v1::{self as wire, StopDeadlineRequest, TrackDeadlineRequest, clock, deadline::State};
use rpc::Refusal;

use super::rig::{
    RESOLUTION, Rig, answered, hours, over, promise, request_id, revised, run_on, rungs, start, ticket, timeless,
};
use crate::commands;

async fn track(rig: &Rig, request: TrackDeadlineRequest) -> Result<wire::Deadline, Refusal> {
    commands::track_deadline::run(Arc::clone(&rig.app), ticket(), request).await
}

async fn stop(rig: &Rig, deadline: &wire::Deadline) -> Result<wire::Deadline, Refusal> {
    let request = StopDeadlineRequest { deadline: Some(deadline.clone()), request_id: request_id() };
    commands::stop_deadline::run(Arc::clone(&rig.app), ticket(), request).await
}

#[tokio::test]
async fn what_was_told_is_what_is_shown() {
    let rig = Rig::new().await;
    let told = promise();
    rig.track(&told).await;
    let mut shown = rig.get(&told).await;
    assert!(!shown.mismatch && shown.state() == State::Tracked && shown.create_time.is_some());
    assert_eq!(shown.clocks.iter().map(|clock| clock.rungs.len()).collect::<Vec<_>>(), [3, 3]);
    let left = |it: &wire::Deadline| it.clocks[RESOLUTION].remaining.map(|left| left.seconds);
    assert_eq!(left(&shown), Some(24 * 3_600));
    rig.at(hours(25));
    assert_eq!(left(&rig.get(&told).await), Some(-3_600), "an hour late");
    shown = timeless(shown);
    shown.clocks.iter_mut().for_each(|clock| clock.rungs.clear());
    assert_eq!(shown.clocks, told.clocks);
    assert_eq!((shown.number, shown.policy_hash, shown.channel), (told.number, told.policy_hash, told.channel));
}

#[tokio::test]
async fn the_same_request_id_gives_the_same_answer_and_other_content_is_refused() {
    let rig = Rig::new().await;
    let told = promise();
    let request = TrackDeadlineRequest { deadline: Some(told.clone()), request_id: request_id() };
    let first = track(&rig, request.clone()).await.unwrap();
    rig.update(&revised(&told, |clock| run_on(clock, start() + hours(30)))).await;
    assert_eq!(track(&rig, request.clone()).await.unwrap(), first);
    let other = TrackDeadlineRequest { deadline: Some(promise()), ..request };
    assert_eq!(track(&rig, other).await.unwrap_err().reason(), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_lower_revision_is_answered_with_what_is_known() {
    let rig = Rig::new().await;
    let first = promise();
    let second = rig.update(&revised(&first, |clock| run_on(clock, start() + hours(30)))).await;
    assert_eq!(rig.track(&first).await, second, "the update overtook the track");
    assert_eq!(timeless(rig.get(&first).await), second);
}

#[tokio::test]
async fn a_stop_that_overtakes_its_track_keeps_it_out_until_a_reopening() {
    let rig = Rig::new().await;
    let told = answered();
    let stopped = revised(&told, |clock| over(clock, start() + hours(1)));
    assert_eq!(stop(&rig, &stopped).await.unwrap().state(), State::Stopped);
    assert_eq!(rig.track(&told).await.state(), State::Stopped);
    rig.at(hours(100));
    assert_eq!(rig.tick().await, 0);
    let reopened = rig.update(&revised(&stopped, |clock| run_on(clock, start() + hours(120)))).await;
    assert_eq!(reopened.state(), State::Tracked);
    assert_eq!(
        rungs(&reopened).iter().map(|(epoch, level, _)| (*epoch, *level)).collect::<Vec<_>>(),
        [(2, 0), (2, 1), (2, 2)]
    );
    rig.at(hours(120));
    assert_eq!(rig.tick().await, 1);
}

#[tokio::test]
async fn a_promise_by_an_unknown_policy_is_kept_watched_flagged_and_counted() {
    let rig = Rig::new().await;
    let mut told = answered();
    (told.policy, told.policy_version, told.policy_hash) = ("of_tomorrow".into(), 9, "f".repeat(64));
    let known = rig.track(&told).await;
    assert!(known.mismatch);
    assert_eq!(known.clocks[RESOLUTION].due_time, told.clocks[RESOLUTION].due_time);
    let metrics = rig.metrics();
    assert!(metrics.contains("otklik_sla_mismatches_total{reason=\"policy_unknown\"} 1"), "{metrics}");
    rig.at(hours(24));
    rig.settle().await;
    assert_eq!(rig.ticket.applied::<proto::ticket::v1::EscalateAppealRequest>().len(), 1);
}

#[tokio::test]
async fn a_bad_form_names_all_its_faults() {
    let rig = Rig::new().await;
    let mut bad = promise();
    bad.name = "deadlines/1".into();
    bad.number.clear();
    bad.revision = 0;
    bad.clocks[0].due_time = None;
    bad.clocks[1].kind = bad.clocks[0].kind;
    bad.clocks[1].allowance = None;
    bad.suspensions.push(wire::Suspension { reason: "awaiting_applicant".into(), ..wire::Suspension::default() });
    let refusal = track(&rig, TrackDeadlineRequest { deadline: Some(bad), request_id: "1".into() }).await.unwrap_err();
    let mut fields: Vec<_> = refusal.violations().iter().map(|it| it.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "deadline.clocks[0].due_time",
            "deadline.clocks[1].allowance",
            "deadline.name",
            "deadline.number",
            "deadline.revision",
            "deadline.suspensions[0].actor",
            "deadline.suspensions[0].start_time",
            "request_id",
        ]
    );
    let refusal = stop(&rig, &promise()).await.unwrap_err();
    let fields: Vec<_> = refusal.violations().iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["deadline.clocks[0].state", "deadline.clocks[1].state"]);
    let mut twice = promise();
    twice.clocks[1] = wire::Clock { state: clock::State::Paused.into(), ..twice.clocks[0].clone() };
    let request = TrackDeadlineRequest { deadline: Some(twice), request_id: request_id() };
    assert_eq!(track(&rig, request).await.unwrap_err().violations()[0].field, "deadline.clocks[1].kind");
}
