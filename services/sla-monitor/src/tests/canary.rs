//! The clock that fires each minute, by which it is seen that anything fires.

use std::sync::Arc;

use bootstrap::Step as _;
use clock::{OffsetClock, SharedClock};
use jiff::{SignedDuration, Timestamp};
use proto::sla::v1::{ExplainDeadlineRequest, ListDeadlinesRequest, TrackDeadlineRequest, deadline::State};
use proto::ticket::v1::{EscalateAppealRequest, RecordDeadlineOutcomeRequest};
use rpc::Caller;

use super::rig::{Rig, answered, hours, minutes, over, request_id, revised, start, ticket};
use crate::domain::next_canary_time;
use crate::{canary, commands, monitor, queries, store};

const NAME: &str = "deadlines/00000000-0000-0000-0000-000000000000";

async fn singing() -> Rig {
    let rig = Rig::new().await;
    canary::begin(&rig.app).await.unwrap();
    rig
}

async fn look(rig: &Rig) {
    monitor::Lag(Arc::clone(&rig.app)).step().await.unwrap();
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn tells(rig: &Rig, lines: &[&str]) {
    let metrics = rig.metrics();
    for line in lines {
        assert!(metrics.lines().any(|it| it == *line), "{line} is not in\n{metrics}");
    }
}

async fn planned(rig: &Rig) -> Option<Timestamp> {
    store::canary::planned(rig.app.db.pool()).await.unwrap()
}

#[tokio::test]
async fn it_fires_each_minute_with_what_is_due_and_calls_nobody() {
    let rig = singing().await;
    rig.at(seconds(59));
    assert_eq!(rig.tick().await, 0);
    for minute in 1..=5 {
        rig.at(minutes(minute));
        assert_eq!((rig.tick().await, rig.tick().await), (1, 0), "minute {minute}");
    }
    // A moment late it keeps to its minutes.
    rig.at(minutes(6) + seconds(7));
    assert_eq!(rig.tick().await, 1);
    assert_eq!(planned(&rig).await, Some(start() + minutes(7)));
    rig.track(&answered()).await;
    rig.at(hours(24));
    assert_eq!((rig.tick().await, rig.tick().await), (2, 0));
    tells(
        &rig,
        &[
            "otklik_sla_rungs_total{level=\"1\",outcome=\"fired\"} 1",
            "otklik_sla_rungs_total{level=\"0\",outcome=\"superseded\"} 1",
        ],
    );
    while rig.relay.step().await.unwrap() > 0 {}
    let calls = (
        rig.ticket.applied::<EscalateAppealRequest>().len(),
        rig.ticket.applied::<RecordDeadlineOutcomeRequest>().len(),
    );
    assert_eq!(calls, (1, 1), "the appeal's; the canary makes none");
}

#[tokio::test]
async fn an_outage_of_an_hour_gives_one_late_firing_and_whole_minutes_go_on() {
    let rig = singing().await;
    rig.at(minutes(60) + seconds(17));
    assert_eq!((rig.tick().await, rig.tick().await), (1, 0));
    tells(
        &rig,
        &[
            "otklik_sla_canary_firings_total{when=\"late\"} 1",
            "otklik_sla_canary_firings_total{when=\"in_time\"} 0",
            "otklik_sla_canary_lateness_seconds_sum 3557.0",
        ],
    );
    rig.at(minutes(61));
    assert_eq!((rig.tick().await, rig.tick().await), (1, 0));
    tells(
        &rig,
        &[
            "otklik_sla_canary_firings_total{when=\"late\"} 1",
            "otklik_sla_canary_firings_total{when=\"in_time\"} 1",
            "otklik_sla_canary_lateness_seconds_sum 3557.0",
        ],
    );
    assert_eq!(planned(&rig).await, Some(start() + minutes(62)));
}

#[tokio::test]
async fn the_alarm_goes_up_while_nobody_fires_and_down_when_somebody_does() {
    let rig = singing().await;
    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    for (at, lag, silent) in [(59, 0, 0), (60, 0, 0), (75, 15, 0), (90, 30, 0), (91, 31, 1), (3_660, 3_600, 1)] {
        rig.at(seconds(at));
        look(&rig).await;
        tells(
            &rig,
            &[&format!("otklik_sla_canary_lag_seconds {lag}.0"), &format!("otklik_sla_canary_silent {silent}")],
        );
        tells(&rig, &[&format!("otklik_sla_lag_seconds {lag}.0")]);
    }
    // Another replica fires it; this one sees that.
    other.tick().await;
    look(&rig).await;
    tells(&rig, &["otklik_sla_canary_lag_seconds 0.0", "otklik_sla_canary_silent 0"]);
}

#[tokio::test]
async fn the_silence_counts_on_while_the_database_can_t_be_asked() {
    let rig = singing().await;
    look(&rig).await;
    rig.app.db.pool().close().await;
    rig.at(seconds(100));
    monitor::Lag(Arc::clone(&rig.app)).step().await.unwrap_err();
    tells(&rig, &["otklik_sla_canary_lag_seconds 40.0", "otklik_sla_canary_silent 1"]);
}

#[tokio::test]
async fn it_is_no_deadline_to_anybody() {
    let rig = singing().await;
    let told = rig.track(&answered()).await;
    rig.track(&revised(&answered(), |clock| over(clock, start()))).await;
    let anna = || Caller::of_staff("anna", []);
    for state in [State::Unspecified, State::Tracked, State::Stopped] {
        let request = ListDeadlinesRequest { state: state.into(), ..ListDeadlinesRequest::default() };
        let page = queries::list_deadlines::run(Arc::clone(&rig.app), anna(), request).await.unwrap();
        assert!(page.deadlines.len() == 1 && page.deadlines[0].name != NAME, "{page:?}");
    }
    assert_eq!(rig.find(NAME).await.unwrap_err().reason(), "DEADLINE_NOT_FOUND");
    let request = ExplainDeadlineRequest { name: NAME.into(), ..ExplainDeadlineRequest::default() };
    let refusal = queries::explain_deadline::run(Arc::clone(&rig.app), anna(), request).await.unwrap_err();
    assert_eq!(refusal.reason(), "DEADLINE_NOT_FOUND");
    // And nobody's promise takes its place.
    let appeal = NAME.replace("deadlines", "appeals");
    let deadline = Some(proto::sla::v1::Deadline { name: NAME.into(), appeal, ..told });
    let request = TrackDeadlineRequest { deadline, request_id: request_id() };
    let refusal = commands::track_deadline::run(Arc::clone(&rig.app), ticket(), request).await.unwrap_err();
    let fields: Vec<_> = refusal.violations().iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["deadline.name", "deadline.appeal"]);
}

/// A second apart, and both at the same moment.
#[tokio::test]
async fn two_replicas_fire_it_once_each_minute() {
    let rig = singing().await;
    let ahead: SharedClock = Arc::new(OffsetClock::new(Arc::new(rig.hand.clone()), seconds(1)));
    let other = rig.replica(ahead).await;
    canary::begin(&other.app).await.unwrap();
    for minute in 1..=10 {
        rig.at(minutes(minute) - seconds(1));
        let fired = if minute % 2 == 0 {
            let (one, two) = futures::join!(rig.tick(), other.tick());
            one + two
        } else {
            rig.tick().await + other.tick().await
        };
        rig.at(minutes(minute));
        assert_eq!(fired + rig.tick().await + other.tick().await, 1, "minute {minute}");
    }
}

/// A replica of the version before looks at what is due, finds no rungs, and puts the row aside. A restored database has none.
#[tokio::test]
async fn it_begins_again_when_it_was_put_aside_or_lost() {
    for statement in [
        "UPDATE deadline SET next_fire_time = NULL WHERE state = 'canary'",
        "DELETE FROM deadline WHERE state = 'canary'",
    ] {
        let rig = singing().await;
        assert_eq!(rig.meddle(statement).await, 1);
        rig.at(minutes(9) + seconds(30));
        assert_eq!(rig.tick().await, 0);
        look(&rig).await;
        assert_eq!(planned(&rig).await, Some(start() + minutes(10)));
        rig.at(minutes(10));
        assert_eq!(rig.tick().await, 1);
    }
}

/// With a batch of deadlines that have been due longer it waits its turn, as any appeal does.
#[tokio::test]
async fn a_busy_monitor_makes_it_wait_no_longer_than_what_was_due_before_it() {
    let rig = singing().await;
    rig.at(hours(23));
    assert_eq!(rig.tick().await, 1);
    let late: Vec<_> = (0..150).map(|_| answered()).collect();
    for deadline in &late {
        rig.track(deadline).await;
    }
    // Their warnings have been due since hour 18, the canary for a second.
    rig.at(hours(23) + seconds(61));
    let first = rig.tick().await;
    assert_eq!((first, planned(&rig).await), (100, Some(start() + hours(23) + minutes(1))));
    let second = rig.tick().await;
    assert_eq!((second, planned(&rig).await), (51, Some(start() + hours(23) + minutes(2))));
}

#[test]
fn the_next_time_is_the_next_whole_minute() {
    for (now, next) in [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z"),
        ("2026-03-02T09:00:59.999999999Z", "2026-03-02T09:01:00Z"),
        ("1969-12-31T23:58:30Z", "1969-12-31T23:59:00Z"),
    ] {
        assert_eq!(next_canary_time(now.parse().unwrap()), next.parse().unwrap(), "{now}");
    }
}
