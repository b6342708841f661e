//! A trace goes on across a call, and across the outbox.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, trace_context};
use tracing::Instrument;

use crate::rig::{REQUEUE, Rig, file, handler, table};

fn trace_id(traceparent: &str) -> String {
    traceparent.split('-').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_server_joins_the_callers_trace() {
    crate::collect();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let rig = Rig::start(handler(move |_, _| {
        record.lock().unwrap().push(trace_context::current());
        async { Ok(()) }
    }))
    .await;
    let config = ClientConfig::new(rig.url(), file(&rig.administrator()));
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    let call = |parent| client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), parent);

    let span = tracing::info_span!("caller");
    let own = span.in_scope(trace_context::current).expect("a traced span has a traceparent");
    call(None).instrument(span).await.unwrap();
    let stored = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    call(Some(stored)).await.unwrap();

    let seen = seen.lock().unwrap();
    let ids: Vec<_> = seen.iter().map(|parent| trace_id(parent.as_deref().unwrap())).collect();
    assert_eq!(ids, [trace_id(&own), trace_id(stored)]);
    assert_ne!(seen[0].as_deref(), Some(own.as_str()), "the server has a span of its own");

    let later = tracing::info_span!("relay");
    trace_context::join(&later, stored);
    assert_eq!(later.in_scope(trace_context::current).map(|parent| trace_id(&parent)), Some(trace_id(stored)));
}
