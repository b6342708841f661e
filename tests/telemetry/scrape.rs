//! The operators' port, as a scraper sees it.

use std::net::SocketAddr;

use tests::{Part, Suite};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The metrics of a service's first replica, over HTTP.
pub async fn metrics(suite: &Suite, part: Part) -> String {
    let replicas = suite.replicas().await;
    let it = replicas.iter().find(|it| it.part == part).expect("it runs");
    let (head, body) = get(it.admin, "/metrics").await;
    assert!(head.starts_with("http/1.0 200"), "{head}");
    // Without it a scraper does not look for exemplars.
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    body
}

async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut connection = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.0\r\nhost: admin\r\n\r\n");
    connection.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_lowercase(), body.to_owned())
}

/// The traces that a histogram's buckets name.
pub fn traces(text: &str, metric: &str, label: &str) -> Vec<String> {
    let of_it = |line: &&str| line.starts_with(&format!("{metric}_bucket{{")) && line.contains(label);
    let exemplar = |line: &str| Some(line.split_once("# {trace_id=\"")?.1.split_once('"')?.0.to_owned());
    text.lines().filter(of_it).filter_map(exemplar).collect()
}
