//! Writing calls in the transaction that causes them.

use crate::store::enqueue::{Row, enqueue};
use crate::{Call, seal};
use jiff::Timestamp;
use sealed::Ring;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::Tx;
use tokio::sync::Notify;

/// The outbox of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    ring: Ring,
    wakes: Arc<Mutex<HashMap<&'static str, Arc<Notify>>>>,
}

// === impl Outbox ===

impl Outbox {
    /// An outbox whose requests are sealed under `ring`.
    pub fn new(ring: Ring) -> Self {
        Outbox { ring, wakes: Arc::default() }
    }

    /// Writes calls, to be delivered if and when `tx` commits; the relay of this process is then woken. One statement, however many
    /// there are. Calls of one destination and key are delivered in the order given, after those written before.
    ///
    /// Locks the calls' keys until `tx` ends, so call it after the row that the key stands for is locked, and once per transaction.
    ///
    /// # Errors
    /// Those of any statement.
    pub async fn enqueue(&self, tx: &mut Tx, now: Timestamp, calls: Vec<Call>) -> Result<(), store::Error> {
        if calls.is_empty() {
            return Ok(());
        }
        for call in &calls {
            tx.wake_on_commit(&self.wake(call.destination));
        }
        let rows = calls.into_iter().map(|call| {
            let request = seal::request(&self.ring, call.call_id, &call.request);
            let Call { call_id, destination, key, method, note, expire_time, .. } = call;
            Row { call_id, destination, key, method, request, note, expire_time }
        });
        enqueue(tx, now, rpc::trace_context::current().as_deref(), rows.collect()).await
    }

    /// What the loops of a destination's lane wait on.
    pub fn wake(&self, destination: &'static str) -> Arc<Notify> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner).entry(destination).or_default().clone()
    }

    /// The same by a stored name; `None` if nobody waits there.
    pub(crate) fn known_wake(&self, destination: &str) -> Option<Arc<Notify>> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner).get(destination).cloned()
    }

    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }
}
