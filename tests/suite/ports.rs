//! Ports for processes that are started again at the same place.

use std::net::TcpListener;

use anyhow::{Result, bail};

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
