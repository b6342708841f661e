//! The client: one deadline, a token that is read again, retries for reads only, raw calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use prometheus_client::registry::Registry;
use prost::Message;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::{Call, ListCallsRequest, RequeueCallRequest};
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, Refusal, Role};
use tokio::net::TcpListener;
use tonic::Code;

use crate::rig::{Handler, LIST, REQUEUE, Rig, file, handler, table, yes};

const QUICK: &str = r#"
[writes]
timeout = "300ms"
attempts = 1
[reads]
prefixes = ["List"]
timeout = "300ms"
attempts = 3
"#;

fn client(rig: &Rig, methods: &str, registry: &mut Registry) -> Client {
    let config = ClientConfig::new(rig.url(), file(&rig.administrator()));
    Client::new("peer", &config, table(methods), ClientMetrics::register(registry)).unwrap()
}

/// Unavailable `times` times, then fine; counts the calls.
fn flaky(times: usize) -> (Handler, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let work = handler(move |_, _| {
        let call = count.fetch_add(1, Ordering::SeqCst);
        async move { if call < times { Err(Refusal::unavailable(Duration::from_millis(1))) } else { Ok(()) } }
    });
    (work, calls)
}

#[tokio::test]
async fn reads_are_tried_again_and_writes_are_not() {
    let (work, calls) = flaky(2);
    let rig = Rig::start(work).await;
    let mut registry = Registry::default();
    let client = client(&rig, METHODS, &mut registry);
    let mut service = OutboxServiceClient::new(client.channel());
    service.list_calls(ListCallsRequest::default()).await.expect("the third attempt succeeds");
    assert_eq!(calls.load(Ordering::SeqCst), 3);

    let (work, calls) = flaky(1);
    let rig = Rig::start(work).await;
    let config = ClientConfig::new(rig.url(), file(&rig.administrator()));
    let client = Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut registry)).unwrap();
    let mut service = OutboxServiceClient::new(client.channel());
    let status = service.requeue_call(RequeueCallRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), calls.load(Ordering::SeqCst)), (Code::Unavailable, 1));
}

#[tokio::test]
async fn attempts_end_and_other_codes_are_final() {
    let (work, calls) = flaky(usize::MAX);
    let rig = Rig::start(work).await;
    let mut registry = Registry::default();
    let mut service = OutboxServiceClient::new(client(&rig, METHODS, &mut registry).channel());
    let status = service.list_calls(ListCallsRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), calls.load(Ordering::SeqCst)), (Code::Unavailable, 3));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = format!(r#"rpc_client_calls_total{{peer="peer",method="{LIST}",code="UNAVAILABLE"}} 1"#);
    assert!(text.contains(&line), "{text}");

    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let rig = Rig::start(handler(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Err(Refusal::conflict()) }
    }))
    .await;
    let mut service = OutboxServiceClient::new(self::client(&rig, METHODS, &mut Registry::default()).channel());
    let status = service.list_calls(ListCallsRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), calls.load(Ordering::SeqCst)), (Code::Aborted, 1));
}

#[tokio::test]
async fn every_call_has_a_deadline() {
    let rig = Rig::start(handler(|_, _| std::future::pending())).await;
    let mut registry = Registry::default();
    let client = client(&rig, QUICK, &mut registry);
    let mut service = OutboxServiceClient::new(client.channel());
    let status = service.requeue_call(RequeueCallRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let status = client.call_raw(REQUEUE, Bytes::new(), Duration::from_millis(200), None).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

#[tokio::test]
async fn a_peer_that_is_mute_is_too_late_as_well() {
    // Accepts connections and never speaks HTTP/2.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = ClientConfig::new(format!("http://{}", listener.local_addr().unwrap()), file("t"));
    let client = Client::new("peer", &config, table(QUICK), ClientMetrics::register(&mut Registry::default())).unwrap();
    let held = tokio::spawn(async move {
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            sockets.push(socket);
        }
    });
    let status = client.call_raw(REQUEUE, Bytes::new(), Duration::from_millis(200), None).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    held.abort();
}

#[tokio::test]
async fn a_peer_that_is_down_is_unavailable_soon() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = ClientConfig::new(format!("http://{closed}"), file("t"));
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    let began = Instant::now();
    for _ in 0..2 {
        let status = client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(30), "the deadline of a minute is not waited for");
}

#[tokio::test]
async fn a_peer_that_comes_back_is_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let rig = Rig::start(yes()).await;
    let config = ClientConfig::new(format!("http://{address}"), file(&rig.administrator()));
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    let call = || client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None);
    assert_eq!(call().await.unwrap_err().code(), Code::Unavailable);
    // The same address now leads to a server.
    let listener = TcpListener::bind(address).await.unwrap();
    let target = rig.address;
    let bridge = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    call().await.expect("the next call connects again");
    bridge.abort();
}

#[tokio::test]
async fn a_renewed_token_is_used() {
    let rig = Rig::start(yes()).await;
    let path = file("spoilt.spoilt.spoilt");
    let config = ClientConfig::new(rig.url(), &path);
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    let call = || client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None);
    assert_eq!(call().await.unwrap_err().code(), Code::Unauthenticated);
    std::fs::write(&path, rig.token("systems/relay", &[Role::System])).unwrap();
    call().await.expect("the new token");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(call().await.unwrap_err().code(), Code::Unavailable, "no token: try later");
}

#[tokio::test]
async fn raw_bytes_pass_unchanged() {
    let rig = Rig::start(yes()).await;
    let client = client(&rig, METHODS, &mut Registry::default());
    let request = RequeueCallRequest { name: "calls/7".into(), request_id: String::new() };
    let answer = client.call_raw(REQUEUE, request.encode_to_vec().into(), Duration::from_secs(60), None).await.unwrap();
    assert_eq!(Call::decode(answer).unwrap().name, "calls/7");
    let status = client.call_raw("no path", Bytes::new(), Duration::from_secs(60), None).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}

#[tokio::test]
async fn a_raw_call_is_made_once() {
    let (work, calls) = flaky(usize::MAX);
    let rig = Rig::start(work).await;
    let client = client(&rig, METHODS, &mut Registry::default());
    let status = client.call_raw(LIST, Bytes::new(), Duration::from_secs(60), None).await.unwrap_err();
    assert_eq!((status.code(), calls.load(Ordering::SeqCst)), (Code::Unavailable, 1));
}
