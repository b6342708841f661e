//! A connection that has lived long enough ends, and no call with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use rpc::{Client, ClientConfig, ClientMetrics, METHODS, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};

use crate::rig::{REQUEUE, Rig, file, table, yes};

/// A server whose connections last so long, a client of it, and how many connections that client made.
async fn aged(age: Duration) -> (Rig, Client, Arc<AtomicUsize>) {
    let rig = Rig::with(yes(), ServerConfig { max_connection_age: Some(age), ..ServerConfig::default() }).await;
    let (balancer, made) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(AtomicUsize::new(0)));
    let url = format!("http://{}", balancer.local_addr().unwrap());
    let (count, replica) = (Arc::clone(&made), rig.address);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = balancer.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut far = TcpStream::connect(replica).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let config = ClientConfig::new(url, file(&rig.administrator()));
    let metrics = ClientMetrics::register(&mut Registry::default());
    let client = Client::new("peer", &config, table(METHODS), metrics).unwrap();
    (rig, client, made)
}

async fn call(client: &Client) -> Result<Bytes, Status> {
    client.call_raw(REQUEUE, Bytes::new(), Duration::from_secs(60), None).await
}

#[tokio::test]
async fn a_client_connects_anew_when_its_connection_is_old_and_loses_no_call() {
    let (_rig, client, made) = aged(Duration::from_millis(50)).await;
    while made.load(Ordering::SeqCst) < 5 {
        call(&client).await.expect("no call is lost");
    }
}

/// A call may be about to go out when its connection ends. It was not sent, so it is not late: the peer is to be asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_connection_ends_before_it_is_sent_is_not_too_late() {
    let (_rig, client, made) = aged(Duration::from_millis(1)).await;
    let calling = (0..16).map(|_| {
        let (client, made) = (client.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            while made.load(Ordering::SeqCst) < 100 {
                if let Err(status) = call(&client).await {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                }
            }
        })
    });
    for caller in calling.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
