//! What kube-proxy is in a cluster: an address whose new connections go to the replicas that are ready, in turn. A connection that is
//! made stays where it is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A Service's address. Gone when dropped; the connections through it live on.
#[derive(Debug)]
pub struct Balancer {
    endpoints: Endpoints,
    accepting: JoinHandle<()>,
}

/// Where new connections go.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(Arc<Mutex<Ready>>);

#[derive(Debug, Default)]
struct Ready {
    now: Vec<SocketAddr>,
    /// The fewest at once, since it was asked for.
    fewest: usize,
}

// === impl Balancer ===

impl Balancer {
    /// Listens at `address`; nobody is behind it yet.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn listen(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
        let endpoints = Endpoints::default();
        let (behind, turn) = (endpoints.clone(), AtomicUsize::new(0));
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let endpoint = behind.pick(turn.fetch_add(1, Ordering::Relaxed));
                tokio::spawn(async move {
                    // Without an endpoint, or one that does not listen any more, the caller is cut off, as it would be refused.
                    let Some(endpoint) = endpoint else { return };
                    let Ok(mut far) = TcpStream::connect(endpoint).await else { return };
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Ok(Self { endpoints, accepting })
    }

    /// Where new connections go.
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints.clone()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Endpoints ===

impl Endpoints {
    pub fn add(&self, endpoint: SocketAddr) {
        self.open().now.push(endpoint);
    }

    pub fn remove(&self, endpoint: SocketAddr) {
        let mut ready = self.open();
        ready.now.retain(|it| *it != endpoint);
        ready.fewest = ready.fewest.min(ready.now.len());
    }

    /// Counts the fewest from now on.
    pub fn begin_to_count(&self) {
        let mut ready = self.open();
        ready.fewest = ready.now.len();
    }

    /// The fewest that were there at once since then.
    pub fn fewest(&self) -> usize {
        self.open().fewest
    }

    fn pick(&self, turn: usize) -> Option<SocketAddr> {
        let ready = self.open();
        ready.now.get(turn.checked_rem(ready.now.len())?).copied()
    }

    fn open(&self) -> MutexGuard<'_, Ready> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
