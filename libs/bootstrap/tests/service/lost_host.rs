//! A database whose host vanishes: no answer, no reset, connections stay open. Readiness tells it and recovers, loops and the
//! stop do not wait for ever.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bootstrap::{Admin, Overrides, config::Layers, run};
use tokio::{
    net::{TcpListener, TcpStream, UnixStream},
    sync::{oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, Small, get};

const SOON: Duration = Duration::from_secs(30);

/// A way to the test's Postgres that can be lost.
pub struct Host {
    pub address: SocketAddr,
    lost: watch::Sender<bool>,
}

struct Running {
    admin: SocketAddr,
    stopper: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

// === impl Host ===

impl Host {
    async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lost, is_lost) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, UnixStream::connect(&socket).await.unwrap(), is_lost.clone()));
            }
        });
        Self { address, lost }
    }

    /// From now on nothing comes through.
    fn lose(&self) {
        self.lost.send_replace(true);
    }

    /// Another host has the address: new connections come through, the old ones stay silent.
    fn replace(&self) {
        self.lost.send_replace(false);
    }
}

/// Ends when an end does; once the host is lost, never, and both ends stay open.
async fn forward(mut client: TcpStream, mut server: UnixStream, mut lost: watch::Receiver<bool>) {
    let gone = async { drop(lost.wait_for(|lost| *lost).await) };
    tokio::select! {
        biased;
        () = gone => std::future::pending().await,
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
    }
}

// === impl Running ===

impl Running {
    async fn start(layers: Layers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = listener.local_addr().unwrap();
        let (ready, told) = oneshot::channel();
        let overrides = Overrides { admin: Admin::Listener(listener), ready: Some(ready), ..Overrides::default() };
        let stopper = overrides.stopper.clone();
        let task = tokio::spawn(run::<Small>(layers.load::<Small>().unwrap(), overrides));
        told.await.unwrap();
        Self { admin, stopper, task }
    }

    /// Asks until the answer is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) {
        let asking = async {
            loop {
                let (status, text) = get(self.admin, path).await;
                if wanted(status, &text) {
                    return;
                }
            }
        };
        timeout(SOON, asking).await.unwrap_or_else(|_| panic!("{path} never answers as wanted"));
    }
}

#[tokio::test]
async fn readiness_comes_back_with_the_database() {
    let rig = Rig::new().await;
    let host = Host::before(rig.socket()).await;
    let service = Running::start(rig.layers_over(&host)).await;
    service.until("/readyz", |status, _| status == 200).await;

    host.lose();
    service.until("/readyz", |status, text| status == 503 && text.contains("database")).await;
    host.replace();
    service.until("/readyz", |status, _| status == 200).await;
}

#[tokio::test]
async fn loops_notice_and_the_stop_ends() {
    let rig = Rig::new().await;
    let host = Host::before(rig.socket()).await;
    let service = Running::start(rig.layers_over(&host).preset("lifecycle.step_limit", "1s")).await;

    host.lose();
    let failed = "otklik_loop_steps_total{loop=\"relay\",outcome=\"failed\"}";
    service.until("/metrics", |_, text| text.contains(failed)).await;

    service.stopper.cancel();
    timeout(SOON, service.task).await.expect("the stop waits for a host that is gone").unwrap().ok();
}
