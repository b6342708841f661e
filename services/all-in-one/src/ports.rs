//! The fixed ports, which lie among those that the system gives to outgoing connections.
//!
//! So one may be taken by a connection of somebody else's, or by one that ended less than a minute ago (TIME-WAIT): nobody listens there,
//! and it will be free. Where somebody does listen, it is another all-in-one, and waiting would not help.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Part;
use crate::place::typed;

/// Longer than Linux keeps a port in TIME-WAIT, which is a minute.
const PATIENCE: Duration = Duration::from_secs(75);
const AGAIN: Duration = Duration::from_millis(500);
/// On this machine a listener takes a connection at once.
const ANSWER: Duration = Duration::from_secs(1);

/// A listener at `listen`.
///
/// # Errors
/// Another process listens there, the address is not this machine's, or the stopper was cancelled.
pub(crate) async fn bind(part: Part, listen: SocketAddr, stopper: &CancellationToken) -> Result<TcpListener> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let error = match TcpListener::bind(listen).await {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        if !will_be_free(&error, listen).await || began.elapsed() > PATIENCE {
            return Err(error).with_context(|| format!("{part} can't listen at {listen}; is another one running?"));
        }
        if !is_told {
            eprintln!("otklik: waiting for {listen}: a connection that ended a moment ago still has it");
            is_told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stopper.cancelled() => bail!("stopped while waiting for {listen}"),
        }
    }
}

async fn will_be_free(error: &Error, listen: SocketAddr) -> bool {
    let is_taken = error.kind() == ErrorKind::AddrInUse;
    is_taken && !matches!(timeout(ANSWER, TcpStream::connect(typed(listen))).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[tokio::test]
    async fn a_port_that_somebody_listens_at_is_not_waited_for() {
        let other = TcpListener::bind(loopback()).await.unwrap();
        let taken = other.local_addr().unwrap();
        let refused = bind(Part::Sla, taken, &CancellationToken::new()).await.unwrap_err();
        assert!(format!("{refused:#}").starts_with(&format!("sla can't listen at {taken}; is another one running?")));
    }

    /// On an address of its own, which Linux has without asking: elsewhere other tests' connections may have the port afterwards.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_port_that_a_connection_has_is_waited_for() {
        let other = TcpListener::bind(loopback()).await.unwrap();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.77.0.1:0".parse().unwrap()).unwrap();
        let connection = socket.connect(other.local_addr().unwrap()).await.unwrap();
        let held = connection.local_addr().unwrap();
        let (accepted, _) = other.accept().await.unwrap();
        let stopper = CancellationToken::new();
        let waiting = bind(Part::Sla, held, &stopper);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending(), "nobody listens there");
        // The other side closes first, so the port is not kept in TIME-WAIT.
        drop(accepted);
        let mut rest = [0];
        assert_eq!(tokio::io::AsyncReadExt::read(&mut { connection }, &mut rest).await.unwrap(), 0);
        assert_eq!(waiting.await.unwrap().local_addr().unwrap(), held);
    }
}
