//! Deadlines: hopeless calls refused before they cost anything, slow ones cut, one for every call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proto::outbox::v1::RequeueCallRequest;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use rpc::{Refusal, ServerConfig};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::rig::{Rig, handler};

async fn call(rig: &Rig, timeout: Option<Duration>) -> Result<(), Status> {
    let mut request = Request::new(RequeueCallRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {}", rig.administrator()).parse().unwrap());
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    OutboxServiceClient::new(rig.channel().await).requeue_call(request).await.map(|_| ())
}

#[tokio::test]
async fn hopeless_work_is_refused_at_once() {
    let began = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&began);
    let rig = Rig::start(handler(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    }))
    .await;
    // 119 ms less the 20 ms for the way back are under the 100 ms that make work worth beginning.
    let status = call(&rig, Some(Duration::from_millis(119))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_TOO_SHORT");
    assert_eq!(began.load(Ordering::SeqCst), 0);
    call(&rig, Some(Duration::from_secs(5))).await.unwrap();
}

#[tokio::test]
async fn a_slow_handler_is_cut_and_dropped() {
    struct Dropped(Arc<tokio::sync::Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let dropped = Arc::new(tokio::sync::Notify::new());
    let seen = Arc::clone(&dropped);
    let work = handler(move |_, _| {
        let held = Dropped(Arc::clone(&seen));
        async move {
            let _held = held;
            std::future::pending::<Result<(), Refusal>>().await
        }
    });
    // No deadline sent: the default applies.
    let config = ServerConfig { default_deadline: Duration::from_millis(150), ..ServerConfig::default() };
    let rig = Rig::with(work, config).await;
    let status = call(&rig, None).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_TOO_SHORT");
    dropped.notified().await;
    assert!(rig.metrics().contains(r#"code="DEADLINE_EXCEEDED"} 1"#));
}

#[tokio::test]
async fn the_longest_deadline_is_ours() {
    let work = handler(|_, _| std::future::pending());
    let rig =
        Rig::with(work, ServerConfig { max_deadline: Duration::from_millis(150), ..ServerConfig::default() }).await;
    let status = call(&rig, Some(Duration::from_secs(3600))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}
