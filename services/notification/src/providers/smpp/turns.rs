//! The turns of rusmppc's connection.
//!
//! rusmppc 0.4.0 takes at most five commands of its client and begins at most three PDUs each time its connection is polled, and asks
//! for no further turn when more are waiting: they lie until the centre says something. Sixteen submits at once then have two in flight,
//! whatever the window. So each wake-up is worth several turns here.

use std::pin::pin;
use std::task::Poll;

/// Turns that empty the client's queues. A submit takes three commands at most (link test, request, removal after a time-out) and one
/// PDU of the two that a turn surely sends; receipts are answered one at a time.
pub(super) fn enough_for(window: usize) -> usize {
    window + 4
}

/// Runs the connection until it ends.
pub(super) async fn run(connection: impl Future<Output = ()>, turns: usize) {
    let mut connection = pin!(connection);
    std::future::poll_fn(|context| {
        for _ in 0..turns {
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}
