//! After an outage of either side the citizen is told once, and of a time that is still to come.

use jiff::Timestamp;
use proto::notification::v1::{SendNotificationRequest, variable::Value};
use proto::sla::v1::rung::State;
use proto::ticket::v1::EscalateAppealRequest;

use super::peers::Act;
use super::rig::{FIRST_ANSWER, RESOLUTION, Rig, answered, hours, instant, minutes, promise, revised, rungs, start};

/// What the citizen was told to expect, and of which event.
fn told(rig: &Rig) -> Vec<(Timestamp, Timestamp)> {
    let of = |it: SendNotificationRequest| {
        let notice = it.notification.unwrap();
        let due = notice.variables.into_iter().find(|it| it.name == "due_time").unwrap().value.unwrap();
        let Value::Time(due) = due else { panic!("a time") };
        (instant(Some(&due)).unwrap(), instant(notice.event_time.as_ref()).unwrap())
    };
    rig.notification.applied().into_iter().map(of).collect()
}

fn levels(rig: &Rig) -> Vec<(i32, Option<Timestamp>)> {
    let of = |it: EscalateAppealRequest| (it.level, instant(it.level_due_time.as_ref()));
    rig.ticket.applied().into_iter().map(of).collect()
}

fn at(hour: i64) -> Timestamp {
    start() + hours(hour)
}

#[tokio::test]
async fn after_an_outage_of_the_monitor_the_promise_counts_from_the_firing() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(72));
    rig.settle().await;
    assert_eq!(levels(&rig), [(2, Some(at(80)))]);
    assert_eq!(told(&rig), [(at(80), at(72))]);
    let rung = rig.get(&deadline).await.clocks[RESOLUTION].rungs[2].clone();
    assert_eq!(instant(rung.fire_time.as_ref()), Some(at(32)), "the lateness stays to be seen");
}

#[tokio::test]
async fn after_an_outage_of_ticket_the_next_level_waits_for_what_was_promised_at_last() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    assert_eq!(rig.tick().await, 1);
    // Nothing arrives for 26 hours. The monitor goes on, and has nothing to fire.
    rig.at(hours(50));
    assert_eq!(rig.tick().await, 0);
    while rig.relay.step().await.unwrap() + rig.tick().await > 0 {}
    assert_eq!(levels(&rig), [(1, Some(at(32)))]);
    assert_eq!(told(&rig), [(at(58), at(24))]);
    let known = rig.get(&deadline).await;
    assert_eq!(rungs(&known)[1..], [(1, 1, State::Acted), (1, 2, State::Armed)]);
    let next = &known.clocks[RESOLUTION].rungs[2];
    assert_eq!(instant(next.fire_time.as_ref()), Some(at(58)));
    // It is kept, and outlasts a word of the appeal that moves no due time.
    let known = rig.update(&revised(&known, |_| ())).await;
    assert_eq!(instant(known.clocks[RESOLUTION].rungs[2].fire_time.as_ref()), Some(at(58)));

    rig.at(hours(57));
    assert_eq!(rig.tick().await, 0);
    rig.at(hours(58));
    rig.settle().await;
    assert_eq!(levels(&rig)[1..], [(2, Some(at(66)))]);
    assert_eq!(told(&rig)[1..], [(at(66), at(58))]);
}

#[tokio::test]
async fn an_answer_lost_for_longer_than_it_promised_is_told_by_the_next_level_alone() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.ticket.script([Act::LoseAnswer]);
    rig.tick().await;
    while rig.relay.step().await.unwrap() > 0 {}
    assert_eq!(levels(&rig).len(), 1);
    rig.at(hours(50));
    while rig.relay.step().await.unwrap() + rig.tick().await > 0 {}
    assert_eq!(levels(&rig)[1..], [(2, Some(at(58)))]);
    assert_eq!(told(&rig), [(at(58), at(50))]);
    assert_eq!(rungs(&rig.get(&deadline).await)[1..], [(1, 1, State::Acted), (1, 2, State::Acted)]);
}

/// The ticket service does not tell what it makes of the first answer's promise.
#[tokio::test]
async fn the_first_answers_ladder_waits_too() {
    let rig = Rig::new().await;
    let deadline = rig.track(&promise()).await;
    rig.at(minutes(30));
    rig.tick().await;
    rig.at(minutes(100));
    while rig.relay.step().await.unwrap() > 0 {}
    let next = rig.get(&deadline).await.clocks[FIRST_ANSWER].rungs[2].clone();
    assert_eq!((next.level, instant(next.fire_time.as_ref())), (2, Some(start() + minutes(130))));
    assert_eq!(rig.tick().await, 0);
}
