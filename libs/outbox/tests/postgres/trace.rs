//! A call belongs to the trace of the request that caused it, however much later it is sent.

use crate::rig::{Rig, call};
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use outbox::{Attempt, Deliver, NothingFollows, Relay, Settings};
use prometheus_client::registry::Registry;
use std::sync::{Arc, Mutex};
use tonic::Status;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

/// Remembers which trace each attempt was part of.
#[derive(Default)]
struct Listener(Mutex<Vec<Option<String>>>);

#[async_trait]
impl Deliver for Listener {
    async fn deliver(&self, _: &str, _: Bytes, _: &Attempt) -> Result<Bytes, Status> {
        self.0.lock().unwrap().push(rpc::trace_context::current());
        Ok(Bytes::new())
    }
}

/// The trace id of a `traceparent`.
fn trace_of(traceparent: &Option<String>) -> String {
    traceparent.as_ref().unwrap().split('-').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_stored_trace_goes_on_at_delivery() {
    let rig = Rig::new().await;
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the whole process: a thread's own subscriber may miss spans whose place in the code another thread met first.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let mut caused = Vec::new();
    for key in ["a", "b"] {
        let request = tracing::info_span!(parent: None, "file_appeal");
        caused.push(request.in_scope(rpc::trace_context::current));
        rig.send(vec![call(key, "x").0]).instrument(request).await;
        rig.advance(1);
    }
    let listener = Arc::new(Listener::default());
    let settings = Settings { concurrency: 1, ..Settings::default() };
    let ways = vec![("peer", listener.clone() as Arc<dyn Deliver>)];
    let relay = Relay::new(&rig.db, &rig.outbox, NothingFollows, &settings, &mut Registry::default(), ways);
    while relay.step().await.unwrap() > 0 {}
    let seen = listener.0.lock().unwrap().clone();
    let of = |list: &[Option<String>]| list.iter().map(trace_of).collect::<Vec<_>>();
    assert_eq!(of(&seen), of(&caused));
    assert_ne!(trace_of(&caused[0]), trace_of(&caused[1]));
    assert_ne!(seen, caused, "the same traces, in spans of their own");
}
