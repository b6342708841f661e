//! Lanes have a worker each (N-08).

use futures::StreamExt as _;
use proto::notification::v1::{Channel, notification::State};
use testkit::smsc::{Act, Gate};

use crate::rig::{Lane, Rig, code, request_id, short};

#[tokio::test]
async fn five_hundred_bulk_messages_do_not_hold_up_a_code() {
    let rig = Rig::new().await;
    let all = futures::stream::iter(0..500).map(|_| rig.send(short(rig.now()))).buffer_unordered(16);
    assert_eq!(all.count().await, 500);
    // No kind of message is bulk yet: what these are is what their rows say.
    let mut admin = rig.admin().await;
    sqlx::query("UPDATE delivery SET lane = 'bulk'").execute(&mut admin).await.unwrap();
    for _ in 0..16 {
        rig.send(short(rig.now())).await;
    }
    // The centre answers nothing to the lower lanes: they hold every place that they can get, and more of them wait.
    let gate = Gate::new();
    rig.smsc.otherwise(Act::Hold(gate.clone()));
    let bulk = rig.dispatching(Lane::Bulk);
    for _ in 0..6 {
        gate.reached().await;
    }
    let normal = rig.dispatching(Lane::Normal);
    for _ in 0..2 {
        gate.reached().await;
    }
    rig.smsc.otherwise(Act::Accept);
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817", Channel::Sms)).await.unwrap();
    assert_eq!(rig.dispatch(Lane::Code).await, 1);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert_eq!(rig.smsc.submits_seen(), 9, "eight of a window of ten are theirs");
    assert!(!bulk.is_finished() && !normal.is_finished());
    (0..8).for_each(|_| gate.open());
    assert_eq!(normal.await.unwrap(), 16);
    assert_eq!(bulk.await.unwrap(), 100, "a batch, so that a shutdown need not wait for all");
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}
