//! What the log holds at its most talkative: methods and codes, never tokens or contents.

use std::time::Duration;

use prometheus_client::registry::Registry;
use prost::Message;
use proto::outbox::v1::RequeueCallRequest;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, Refusal};

use crate::rig::{Log, REQUEUE, Rig, file, handler, table};

#[tokio::test(flavor = "current_thread")]
async fn tokens_and_messages_are_not_logged() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let rig = Rig::start(handler(|_, name| async move {
        if name.starts_with("fail") { Err(Refusal::internal("planted cause")) } else { Ok(()) }
    }))
    .await;
    let token = rig.administrator();
    let config = ClientConfig::new(rig.url(), file(&token));
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    for name in ["ok canary-7719", "fail canary-7719"] {
        let request = RequeueCallRequest { name: name.into(), request_id: String::new() };
        let _ = client.call_raw(REQUEUE, request.encode_to_vec().into(), Duration::from_secs(60), None).await;
    }
    rig.requeue_with(Some("Bearer canary-bad-token"), "x").await.unwrap_err();

    let text = log.text();
    assert!(text.contains(REQUEUE) && text.contains("planted cause"), "the log works");
    assert!(text.contains("h2"), "the transport logs too");
    let signature = token.rsplit('.').next().unwrap();
    for secret in [token.as_str(), signature, &token[..20], "canary"] {
        assert!(!text.contains(secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn request_ids_are_echoed_when_they_look_like_ids() {
    let rig = Rig::start(crate::rig::yes()).await;
    for (sent, kept) in [
        ("0198b3c4-7d60-7cc2-9a3b-2f1c5d6e7f80", true),
        ("4bf92f3577b34da6a3ce929d0e0e4736", true),
        ("89161234567", false),
        ("ivan@example.org-0123456789", false),
        ("", false),
    ] {
        let mut request = tonic::Request::new(RequeueCallRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {}", rig.administrator()).parse().unwrap());
        request.metadata_mut().insert("x-request-id", sent.parse().unwrap());
        let mut service = proto::outbox::v1::outbox_service_client::OutboxServiceClient::new(rig.channel().await);
        let answer = service.requeue_call(request).await.unwrap();
        let echoed = answer.metadata().get("x-request-id").unwrap().to_str().unwrap();
        assert_eq!(echoed == sent, kept, "{sent}");
        assert!(!echoed.is_empty());
    }
}
