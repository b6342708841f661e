//! Stopping: health first, then the listener, then the calls under way, and an end in any case.

use std::sync::Arc;
use std::time::Duration;

use rpc::{Refusal, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic::Streaming;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::rig::{Handler, Rig, SERVICE, handler, yes};

async fn watch(rig: &Rig) -> Streaming<HealthCheckResponse> {
    let request = HealthCheckRequest { service: SERVICE.into() };
    HealthClient::new(rig.channel().await).watch(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    stream.message().await.unwrap().unwrap().status()
}

fn gated() -> (Handler, Arc<Notify>, Arc<Notify>) {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, gate) = (Arc::clone(&entered), Arc::clone(&leave));
    let work = handler(move |_, _| {
        let (inside, gate) = (Arc::clone(&inside), Arc::clone(&gate));
        async move {
            inside.notify_one();
            gate.notified().await;
            Ok(())
        }
    });
    (work, entered, leave)
}

#[tokio::test]
async fn calls_under_way_are_finished_and_a_watch_does_not_hold_the_stop() {
    let (work, entered, leave) = gated();
    let mut rig = Rig::with(work, ServerConfig { grace: Duration::from_secs(600), ..ServerConfig::default() }).await;
    let mut health = watch(&rig).await;
    assert_eq!(next(&mut health).await, ServingStatus::NotServing, "until it is told");
    rig.health.serving().await;
    assert_eq!(next(&mut health).await, ServingStatus::Serving);

    let (channel, token) = (rig.channel().await, rig.administrator());
    let call = tokio::spawn(async move {
        let mut request = tonic::Request::new(proto::outbox::v1::RequeueCallRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        proto::outbox::v1::outbox_service_client::OutboxServiceClient::new(channel).requeue_call(request).await
    });
    entered.notified().await;
    rig.stopper.cancel();
    assert_eq!(next(&mut health).await, ServingStatus::NotServing);
    rig.health.serving().await;
    // Twice the time that quiet connections get: nothing is cut while a call is under way.
    let cut = tokio::time::timeout(Duration::from_millis(500), health.message()).await;
    assert!(cut.is_err(), "the connections stay while a call is under way: {cut:?}");
    leave.notify_one();
    call.await.unwrap().expect("a call under way gets its answer");
    // The watch is still open; the grace of ten minutes is not waited for.
    (&mut rig.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(rig.address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn health_turns_before_the_listener_closes() {
    let rig =
        Rig::with(yes(), ServerConfig { drain_notice: Duration::from_secs(600), ..ServerConfig::default() }).await;
    let mut health = watch(&rig).await;
    rig.health.serving().await;
    while next(&mut health).await != ServingStatus::Serving {}
    rig.stopper.cancel();
    assert_eq!(next(&mut health).await, ServingStatus::NotServing);
    rig.health.serving().await;
    for service in [SERVICE, ""] {
        let request = HealthCheckRequest { service: service.into() };
        let answer =
            HealthClient::new(rig.channel().await).check(request).await.expect("new connections still come in");
        assert_eq!(answer.into_inner().status(), ServingStatus::NotServing, "a late readiness loop changes nothing");
    }
    rig.requeue("calls/1").await.expect("and are served");
}

#[tokio::test]
async fn the_grace_period_ends() {
    let work = handler(|_, _| std::future::pending::<Result<(), Refusal>>());
    let mut rig = Rig::with(work, ServerConfig { grace: Duration::from_millis(100), ..ServerConfig::default() }).await;
    let (mut request, channel) =
        (tonic::Request::new(proto::outbox::v1::RequeueCallRequest::default()), rig.channel().await);
    request.metadata_mut().insert("authorization", format!("Bearer {}", rig.administrator()).parse().unwrap());
    let call = tokio::spawn(async move {
        proto::outbox::v1::outbox_service_client::OutboxServiceClient::new(channel).requeue_call(request).await
    });
    let mut health = watch(&rig).await;
    next(&mut health).await;
    rig.stopper.cancel();
    (&mut rig.served).await.unwrap().unwrap();
    call.await.unwrap().expect_err("the call was cut");
}
