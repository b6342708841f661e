//! Signals: the first that asks for the end begins the drain, the second ends the process at once.

use std::fs;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGTERM, Ctrl-C or a terminal that is closed begins the drain; a second one ends the process at once, with 128 + its number, for the
/// person who will not wait.
///
/// # Errors
/// The handlers can't be installed. Must be called inside a Tokio runtime.
pub fn stop_by_signal(stopper: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for Ctrl-C")?;
    // `nohup` starts a process that ignores it, and a handler would undo that.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut hangup = match ignores(&status, SignalKind::hangup()) {
        true => None,
        false => Some(signal(SignalKind::hangup()).context("can't listen for SIGHUP")?),
    };
    tokio::spawn(async move {
        loop {
            let closed = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let number = tokio::select! {
                _ = terminate.recv() => 15,
                _ = interrupt.recv() => 2,
                _ = closed => 1,
            };
            if stopper.is_cancelled() {
                std::process::exit(128 + number);
            }
            tracing::info!(signal = number, "draining; a second signal ends at once");
            stopper.cancel();
        }
    });
    Ok(())
}

/// Whether a process ignores a signal, by its `/proc/…/status`; where there is none, it does not.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    (mask >> (signal.as_raw_value() - 1)) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_ignores_is_seen() {
        let status = "Name:\totklik\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n";
        assert!(ignores(status, SignalKind::hangup()) && ignores(status, SignalKind::pipe()));
        assert!(!ignores(status, SignalKind::interrupt()) && !ignores("", SignalKind::hangup()));
    }
}
