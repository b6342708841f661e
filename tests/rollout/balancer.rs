//! What kube-proxy is in a cluster: an address whose new connections go to the replicas that are ready, in turn. A connection that is
//! made stays where it is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
pub struct Endpoints(Arc<Mutex<Vec<SocketAddr>>>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(endpoint);
    }

    pub fn remove(&self, endpoint: SocketAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|it| *it != endpoint);
    }

    fn pick(&self, turn: usize) -> Option<SocketAddr> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(turn.checked_rem(all.len())?).copied()
    }
}
