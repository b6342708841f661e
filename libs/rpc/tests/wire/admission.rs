//! A full server refuses at once and says when to come back.

use std::sync::Arc;

use rpc::ServerConfig;
use tokio::sync::{Notify, Semaphore};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::rig::{Rig, handler};

#[tokio::test]
async fn the_last_place_is_the_last() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (inside, gate) = (Arc::clone(&entered), Arc::clone(&leave));
    let work = handler(move |_, _| {
        let (inside, gate) = (Arc::clone(&inside), Arc::clone(&gate));
        async move {
            inside.notify_one();
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let rig = Arc::new(Rig::with(work, ServerConfig { max_in_flight: 1, ..ServerConfig::default() }).await);
    let first = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.requeue("first").await.map(|_| ()) }
    });
    entered.notified().await;

    let status = rig.requeue("second").await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(details.error_info().unwrap().reason, "TOO_MANY_REQUESTS");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    assert!(details.quota_failure().is_none());
    let status = rig.requeue_with(Some("Bearer nonsense"), "third").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "no signature is checked for the refused");

    let mut health = HealthClient::new(rig.channel().await);
    health.check(HealthCheckRequest::default()).await.expect("health is always let in");
    let metrics = rig.metrics();
    assert!(metrics.contains("rpc_server_in_flight 1"), "{metrics}");
    assert!(metrics.contains(r#"code="RESOURCE_EXHAUSTED"} 2"#), "{metrics}");

    leave.add_permits(2);
    first.await.unwrap().unwrap();
    rig.requeue("fourth").await.expect("the place is free again");
    assert!(rig.metrics().contains("rpc_server_in_flight 0"));
}
