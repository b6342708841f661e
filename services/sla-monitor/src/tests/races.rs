//! Several monitors at once, with clocks that disagree.

use std::collections::HashSet;
use std::sync::Arc;

use clock::{OffsetClock, SharedClock};
use futures::future::join_all;
use jiff::SignedDuration;
use proto::notification::v1::SendNotificationRequest;
use proto::ticket::v1::EscalateAppealRequest;

use super::rig::{Rig, answered, hours, pause, revised, run_on, rungs, start};
use proto::sla::v1::rung::State;

fn off_by(rig: &Rig, seconds: i64) -> SharedClock {
    Arc::new(OffsetClock::new(Arc::new(rig.hand.clone()), SignedDuration::from_secs(seconds)))
}

/// Each (appeal, epoch, level), and whether there was only one of it.
fn once(rig: &Rig) -> (usize, bool) {
    let calls: Vec<_> = rig.ticket.applied::<EscalateAppealRequest>();
    let distinct: HashSet<_> = calls.iter().map(|it| (it.name.clone(), it.epoch, it.level)).collect();
    (distinct.len(), distinct.len() == calls.len())
}

/// 250 deadlines, three batches of 100, four monitors on real threads: each rung once, none left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn monitors_at_once_fire_each_rung_once() {
    const DEADLINES: usize = 250;
    let rig = Rig::new().await;
    for chunk in (0..DEADLINES).collect::<Vec<_>>().chunks(4) {
        let promises: Vec<_> = chunk.iter().map(|_| answered()).collect();
        join_all(promises.iter().map(|promise| rig.track(promise))).await;
    }
    let others = join_all([60, -60, 0].map(|seconds| rig.replica(off_by(&rig, seconds)))).await;
    rig.at(hours(24) + SignedDuration::from_secs(61));
    let monitors: Vec<_> = std::iter::once(&rig).chain(&others).map(|it| Arc::clone(&it.app)).collect();
    let fired = join_all(monitors.into_iter().map(|app| {
        tokio::spawn(async move {
            let mut fired = 0;
            loop {
                match crate::monitor::tick(&app).await.unwrap() {
                    0 => return fired,
                    more => fired += more,
                }
            }
        })
    }))
    .await;
    let fired: Vec<usize> = fired.into_iter().map(Result::unwrap).collect();
    assert_eq!(fired.iter().sum::<usize>() + rig.tick().await, DEADLINES, "{fired:?}");
    join_all(std::iter::once(&rig).chain(&others).map(Rig::settle)).await;
    assert_eq!(once(&rig), (DEADLINES, true));
    assert_eq!(rig.notification.applied::<SendNotificationRequest>().len(), DEADLINES);
}

/// One monitor's clock is a minute fast and nobody corrects it: it fires a minute early, which the owner of the state may refuse; but never twice.
#[tokio::test]
async fn a_monitor_whose_clock_is_fast_and_one_whose_clock_is_slow_fire_each_rung_once() {
    let slow = Rig::new().await;
    let deadline = slow.track(&answered()).await;
    let fast = slow.replica(off_by(&slow, 60)).await;
    for rung in [18, 24, 32] {
        for step in -12..=12 {
            slow.at(hours(rung) + SignedDuration::from_secs(10 * step));
            let early = fast.tick().await;
            assert_eq!(early > 0, step == -6, "at {rung} h and {step} times 10 s");
            assert_eq!(slow.tick().await, 0, "the other one was faster");
            while slow.relay.step().await.unwrap() + fast.relay.step().await.unwrap() > 0 {}
        }
    }
    assert_eq!(once(&slow), (2, true));
    assert_eq!(slow.notification.applied::<SendNotificationRequest>().len(), 2);
    let acted = slow.get(&deadline).await;
    assert!(rungs(&acted).iter().all(|(_, _, state)| *state == State::Acted), "{:?}", rungs(&acted));
}

/// Ticks, updates and answers at the same moment, over and over: whatever the order, no rung twice and none lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ticks_and_updates_at_once_leave_one_truth() {
    let rig = Rig::new().await;
    let other = rig.replica(off_by(&rig, 0)).await;
    let mut promises = Vec::new();
    for _ in 0..20 {
        promises.push(rig.track(&answered()).await);
    }
    rig.at(hours(24));
    let paused: Vec<_> = promises.iter().map(|it| revised(it, pause)).collect();
    let resumed: Vec<_> = paused.iter().map(|it| revised(it, |clock| run_on(clock, start() + hours(30)))).collect();
    let updates = async {
        join_all(resumed.iter().chain(&paused).map(|it| rig.update(it))).await;
    };
    let relays = async { (rig.relay.step().await.unwrap(), other.relay.step().await.unwrap()) };
    futures::join!(updates, rig.tick(), other.tick(), relays);
    rig.settle().await;
    rig.at(hours(60));
    rig.settle().await;
    let (calls, is_once) = once(&rig);
    assert!(is_once && calls >= 20, "{calls}");
    for promise in &promises {
        let known = rig.get(promise).await;
        assert_eq!(known.revision, 3);
        let last = rungs(&known).into_iter().rfind(|(_, level, _)| *level == 2);
        assert_eq!(last, Some((2, 2, State::Acted)), "{:?}", rungs(&known));
    }
}
