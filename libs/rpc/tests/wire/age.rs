//! A connection that has lived long enough ends, and no call with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, ServerConfig};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::{REQUEUE, Rig, file, table, yes};

#[tokio::test]
async fn a_client_connects_anew_when_its_connection_is_old_and_loses_no_call() {
    let age = Some(Duration::from_millis(50));
    let rig = Rig::with(yes(), ServerConfig { max_connection_age: age, ..ServerConfig::default() }).await;
    let (balancer, made) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(AtomicUsize::new(0)));
    let url = format!("http://{}", balancer.local_addr().unwrap());
    let (count, replica) = (Arc::clone(&made), rig.address);
    let bridge = tokio::spawn(async move {
        while let Ok((mut near, _)) = balancer.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut far = TcpStream::connect(replica).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let config = ClientConfig::new(url, file(&rig.administrator()));
    let client =
        Client::new("peer", &config, table(METHODS), ClientMetrics::register(&mut Registry::default())).unwrap();
    while made.load(Ordering::SeqCst) < 5 {
        client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None).await.expect("no call is lost");
    }
    bridge.abort();
}
