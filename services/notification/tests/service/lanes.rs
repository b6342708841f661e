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
    // The bulk worker is in the middle of its first message: nine places of the window are left.
    let gate = Gate::new();
    rig.smsc.script([Act::Hold(gate.clone())]);
    let bulk = rig.dispatching(Lane::Bulk);
    gate.reached().await;
    let it = rig.send_as("identity", &request_id(), code(rig.now(), "493817", Channel::Sms)).await.unwrap();
    assert_eq!(rig.dispatch(Lane::Code).await, 1);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert!(!bulk.is_finished());
    gate.open();
    assert_eq!(bulk.await.unwrap(), 100, "a batch, so that a shutdown need not wait for all");
    assert_eq!(rig.dispatch(Lane::Normal).await, 0);
}
