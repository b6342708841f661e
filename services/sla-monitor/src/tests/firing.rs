//! The heart: warned, breached, handed up, the citizen told, level by level.

use proto::notification::v1::{SendNotificationRequest, variable::Value};
use proto::sla::v1::{ClockKind, rung::State};
use proto::ticket::v1::record_deadline_outcome_request::Outcome;
use proto::ticket::v1::{EscalateAppealRequest, RecordDeadlineOutcomeRequest};
use proto::to_wire;

use super::peers::Act;
use super::rig::{
    FIRST_ANSWER, Rig, answered, hours, instant, minutes, over, pause, promise, revised, run_on, rungs, start,
};

fn escalations(rig: &Rig) -> Vec<(ClockKind, i32, i64)> {
    let of = |it: EscalateAppealRequest| (it.clock(), it.level, it.epoch);
    rig.ticket.applied().into_iter().map(of).collect()
}

fn outcomes(rig: &Rig) -> Vec<(i32, Outcome)> {
    let of = |it: RecordDeadlineOutcomeRequest| (it.level, it.outcome());
    rig.ticket.applied().into_iter().map(of).collect()
}

fn repeats(rig: &Rig) -> Vec<SendNotificationRequest> {
    rig.notification.applied()
}

const WARN: i32 = 0;

#[tokio::test]
async fn an_appeal_left_alone_is_warned_about_and_handed_up_twice_each_exactly_once() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.settle().await;
    assert_eq!((escalations(&rig), outcomes(&rig)), (vec![], vec![]), "nothing is due");

    rig.at(hours(18));
    rig.settle().await;
    assert_eq!(outcomes(&rig), [(WARN, Outcome::Warned)]);

    rig.at(hours(24));
    assert_eq!((rig.tick().await, rig.tick().await), (1, 0));
    assert_eq!(rungs(&rig.get(&deadline).await), [(1, 0, State::Acted), (1, 1, State::Fired), (1, 2, State::Armed)]);
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 1, 1)]);
    let call = rig.ticket.applied::<EscalateAppealRequest>().remove(0);
    assert_eq!(call.name, deadline.appeal);
    assert_eq!(instant(call.level_due_time.as_ref()), Some(start() + hours(32)));
    assert_eq!(call.lateness, None);

    let notice = repeats(&rig).remove(0).notification.unwrap();
    assert_eq!((notice.template.as_str(), notice.recipient.as_str()), ("overdue_repeat", "recipients/one"));
    assert_eq!((notice.subject.as_str(), notice.language_code.as_str()), (deadline.appeal.as_str(), "en"));
    assert_eq!(notice.contact.unwrap().phone, "+79161234567");
    let values: Vec<_> = notice.variables.into_iter().map(|it| (it.name, it.value.unwrap())).collect();
    let due = Value::Time(to_wire(start() + hours(32)));
    let handler = Value::Text("senior_specialist".into());
    let number = Value::Text("26-KM4T-X".into());
    assert_eq!(values, [("number".into(), number), ("due_time".into(), due), ("handler".into(), handler)]);
    assert_eq!(instant(notice.event_time.as_ref()), Some(start() + hours(24)));

    rig.at(hours(32));
    rig.settle().await;
    rig.at(hours(500));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 1, 1), (ClockKind::Resolution, 2, 1)]);
    assert_eq!(repeats(&rig).len(), 2);
    let second = repeats(&rig).pop().unwrap().notification.unwrap();
    assert_eq!(second.variables[2].value, Some(Value::Text("supervisor".into())));
    assert_eq!(outcomes(&rig).len(), 1);
    let deadline = rig.get(&deadline).await;
    assert_eq!(rungs(&deadline), [(1, 0, State::Acted), (1, 1, State::Acted), (1, 2, State::Acted)]);
    assert!(deadline.clocks[1].rungs[1..].iter().all(|rung| rung.notice == "QUEUED"), "{deadline:?}");
}

#[tokio::test]
async fn the_first_answers_ladder_hands_up_and_tells_no_citizen() {
    let rig = Rig::new().await;
    rig.track(&promise()).await;
    rig.at(minutes(30));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::FirstAnswer, 1, 1)]);
    assert_eq!(repeats(&rig).len(), 0);
}

#[tokio::test]
async fn after_an_outage_the_highest_level_acts_and_says_how_late_it_is() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(40));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 2, 1)]);
    assert_eq!(outcomes(&rig), [(0, Outcome::Superseded), (1, Outcome::Superseded)]);
    assert_eq!(repeats(&rig).len(), 1);
    let call = rig.ticket.applied::<EscalateAppealRequest>().remove(0);
    assert_eq!(call.lateness.map(|it| it.seconds), Some(8 * 3600));
    assert_eq!(instant(call.level_due_time.as_ref()), Some(start() + hours(48)), "from now on");
    let noted = rig.ticket.applied::<RecordDeadlineOutcomeRequest>();
    assert_eq!(noted[1].lateness.map(|it| it.seconds), Some(16 * 3600));
    assert_eq!(noted[1].reason, "HIGHER_LEVEL_DUE");
    let deadline = rig.get(&deadline).await;
    assert_eq!(deadline.clocks[1].rungs[2].lateness.map(|it| it.seconds), Some(8 * 3600));
    let metrics = rig.metrics();
    for line in [
        "otklik_sla_rungs_total{level=\"2\",outcome=\"fired\"} 1",
        "otklik_sla_rungs_total{level=\"2\",outcome=\"acted\"} 1",
        "otklik_sla_rungs_total{level=\"0\",outcome=\"superseded\"} 1",
        "otklik_sla_fire_lateness_seconds_bucket{le=\"21600.0\"} 0",
        "otklik_sla_fire_lateness_seconds_bucket{le=\"86400.0\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn no_rung_fires_while_the_applicant_owes_an_answer_or_after_the_resolution() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    let paused = rig.update(&revised(&deadline, pause)).await;
    assert_eq!(paused.next_due_time, None);
    assert_eq!(rungs(&paused), [(1, 0, State::Armed), (1, 1, State::Armed), (1, 2, State::Armed)]);
    assert!(paused.clocks[1].rungs.iter().all(|rung| rung.fire_time.is_none()));
    rig.at(hours(100));
    rig.settle().await;
    let resumed = rig.update(&revised(&paused, |clock| run_on(clock, start() + hours(120)))).await;
    assert_eq!(rungs(&resumed), [(2, 0, State::Armed), (2, 1, State::Armed), (2, 2, State::Armed)]);
    let met = rig.update(&revised(&resumed, |clock| over(clock, start() + hours(101)))).await;
    assert_eq!((rungs(&met), met.state()), (vec![], proto::sla::v1::deadline::State::Stopped));
    rig.at(hours(500));
    rig.settle().await;
    assert_eq!((escalations(&rig), outcomes(&rig)), (vec![], vec![]));
}

#[tokio::test]
async fn a_level_that_acted_is_carried_over_a_new_epoch() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    let paused = rig.update(&revised(&deadline, pause)).await;
    let resumed = rig.update(&revised(&paused, |clock| run_on(clock, start() + hours(48)))).await;
    let acted = [(1, 0, State::Superseded), (1, 1, State::Acted)];
    assert_eq!(rungs(&resumed), [&acted[..], &[(2, 2, State::Armed)]].concat());
    rig.at(hours(55));
    rig.settle().await;
    assert_eq!(escalations(&rig).len(), 1, "level 2 follows the term of level 1 under the new due time");
    rig.at(hours(56));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 1, 1), (ClockKind::Resolution, 2, 2)]);
    assert_eq!(repeats(&rig).len(), 2);
}

#[tokio::test]
async fn a_refused_level_tells_nobody_and_is_armed_again_by_a_later_epoch() {
    for update_comes_first in [false, true] {
        for reason in ["APPEAL_CLOSED", "CLOCK_NOT_RUNNING", "EPOCH_STALE"] {
            let rig = Rig::new().await;
            let deadline = rig.track(&answered()).await;
            rig.at(hours(24));
            rig.ticket.script([Act::Refuse(reason)]);
            rig.tick().await;
            let later = revised(&deadline, |clock| run_on(clock, start() + hours(72)));
            if update_comes_first {
                rig.update(&later).await;
            }
            rig.settle().await;
            if !update_comes_first {
                rig.update(&later).await;
            }
            let suppressed = rig.get(&deadline).await;
            assert_eq!(
                rungs(&suppressed)[1..],
                [(1, 1, State::Suppressed), (2, 0, State::Armed), (2, 1, State::Armed), (2, 2, State::Armed)]
            );
            assert_eq!(suppressed.clocks[1].rungs[1].reason, reason);
            assert_eq!(repeats(&rig).len(), 0);
            rig.at(hours(72));
            rig.settle().await;
            assert_eq!(escalations(&rig), [(ClockKind::Resolution, 1, 2)]);
            assert_eq!(repeats(&rig).len(), 1);
        }
    }
}

#[tokio::test]
async fn lost_requests_and_lost_answers_neither_double_nor_lose_a_level() {
    let rig = Rig::new().await;
    let faults = [Act::LoseRequest, Act::LoseAnswer];
    rig.ticket.script(faults);
    rig.notification.script(faults);
    rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 1, 1)]);
    assert_eq!(repeats(&rig).len(), 1);
}

#[tokio::test]
async fn an_unexpected_refusal_is_left_to_a_person_and_the_ladder_goes_on() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.ticket.script([Act::Refuse("APPEAL_NOT_FOUND")]);
    rig.settle().await;
    let stuck = rig.get(&deadline).await;
    assert_eq!(rungs(&stuck)[1], (1, 1, State::Suppressed));
    assert_eq!(stuck.clocks[1].rungs[1].reason, "CALL_DEAD");
    rig.at(hours(32));
    rig.settle().await;
    assert_eq!(escalations(&rig), [(ClockKind::Resolution, 2, 1)]);
}

#[tokio::test]
async fn both_clocks_of_an_appeal_have_ladders_of_their_own() {
    let rig = Rig::new().await;
    let deadline = rig.track(&promise()).await;
    assert_eq!(instant(deadline.next_due_time.as_ref()), Some(start() + minutes(30)));
    rig.at(hours(40));
    rig.settle().await;
    let mut all = escalations(&rig);
    all.sort_by_key(|(clock, ..)| *clock as i32);
    assert_eq!(all, [(ClockKind::FirstAnswer, 2, 1), (ClockKind::Resolution, 2, 1)]);
    assert_eq!(rig.get(&deadline).await.clocks[FIRST_ANSWER].rungs.len(), 3);
}
