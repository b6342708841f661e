//! Traces reach a collector over OTLP. In a process of its own: telemetry is installed once.

use std::time::Duration;

use axum::{Router, body::Bytes, extract::State, routing::post};
use bootstrap::{
    config::{LogFormat, TelemetryConfig},
    telemetry,
};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedSender, unbounded_channel},
};
use tokio_stream::wrappers::TcpListenerStream;

/// A collector that only keeps what it is sent.
async fn export(State(tell): State<UnboundedSender<Bytes>>, body: Bytes) -> [(&'static str, &'static str); 2] {
    tell.send(body).unwrap();
    [("content-type", "application/grpc"), ("grpc-status", "0")]
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_exported_under_the_services_name_and_the_cap_however_little_is_logged() {
    let (tell, mut told) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let routes = tonic::service::Routes::from(Router::new().route(path, post(export)).with_state(tell));
    tokio::spawn(
        tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let config = TelemetryConfig {
        // What the all-in-one logs by default; every span of ours is `info`.
        filter: "warn".to_owned(),
        format: LogFormat::Json,
        otlp_endpoint: Some(endpoint),
        trace_share: 1.0,
    };
    let telemetry = telemetry::init(&config, "ticket").unwrap();

    tracing::info_span!("file_appeal").in_scope(|| tracing::debug_span!("verbose").in_scope(|| {}));
    // h2's own spans are made by this connection.
    telemetry.shutdown().await;

    let body = tokio::time::timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap();
    assert!(contains(&body, "otklik-ticket") && contains(&body, "file_appeal"));
    assert!(!contains(&body, "verbose"), "below `info` nothing goes into traces");
}
