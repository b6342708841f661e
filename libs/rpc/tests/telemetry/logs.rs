//! What the log holds at its most talkative: methods and codes, never tokens or contents.

use std::time::Duration;

use prometheus_client::registry::Registry;
use prost::Message;
use proto::outbox::v1::RequeueCallRequest;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, Refusal};

use crate::rig::{REQUEUE, Rig, file, handler, table};

#[tokio::test]
async fn tokens_and_messages_are_not_logged() {
    let log = crate::collect();

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
