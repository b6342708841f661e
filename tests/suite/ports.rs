//! Ports for services and processes that are started again at the same place.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Result, bail};
use tokio::net::TcpSocket;

/// A port on loopback that stays ours while nobody listens there: an outgoing connection, of ours or of whoever works on this machine, would take
/// it between two starts of its owner. In the meantime callers are refused.
#[derive(Debug)]
pub(crate) struct Held {
    /// Where.
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

impl Held {
    /// One that was free.
    ///
    /// # Errors
    /// None is.
    pub(crate) fn new() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Bound and not listening it stands in nobody's way who says so as well, as every listener does.
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { address: socket.local_addr()?, _socket: socket })
    }
}

/// Below Linux's range for outgoing connections, which would take a port between two starts of its owner.
///
/// # Errors
/// Not so many are free.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::new();
    for _ in 0..1000 {
        let port = rand::random_range(20_000..32_000);
        held.extend(TcpListener::bind(("127.0.0.1", port)).ok().map(|listener| (port, listener)));
        if let Ok(found) = <[_; N]>::try_from(held.iter().map(|(port, _)| *port).collect::<Vec<_>>()) {
            return Ok(found);
        }
    }
    bail!("no {N} free ports between 20000 and 32000")
}
