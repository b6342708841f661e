//! Writing calls in the transaction that causes them.

use crate::store::enqueue::enqueue;
use crate::{Call, seal};
use jiff::Timestamp;
use sealed::Ring;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, PoisonError};
use store::Tx;
use tokio::sync::Notify;
use uuid::Uuid;

/// The outbox of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    ring: Ring,
    wakes: Arc<Mutex<HashMap<&'static str, Arc<Notify>>>>,
}

/// A call as its row holds it.
pub struct SealedCall {
    /// Its id, and the request's.
    pub call_id: Uuid,
    /// Where it goes.
    pub destination: &'static str,
    /// Its ordering key.
    pub key: String,
    /// Full gRPC path.
    pub method: &'static str,
    /// The request, sealed.
    pub request: Vec<u8>,
    /// What the route wants to know again.
    pub note: Value,
    /// When it stops making sense.
    pub expire_time: Option<Timestamp>,
    /// W3C traceparent of what caused it.
    pub trace_context: Option<String>,
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
        enqueue(tx, now, self.seal(calls)).await
    }

    /// The calls as their rows hold them: for a statement that writes them together with what causes them, where round trips decide.
    /// It may do so only for keys that have no calls yet, and number them from 1, the first being a head; every other call is for
    /// [`Outbox::enqueue`]. Once it is committed, [`Outbox::written`].
    pub fn seal(&self, calls: Vec<Call>) -> Vec<SealedCall> {
        let current = rpc::trace_context::current();
        let seal = |call: Call| {
            let request = seal::request(&self.ring, call.call_id, &call.request);
            let Call { call_id, destination, key, method, note, expire_time, trace_context, .. } = call;
            let trace_context = trace_context.or_else(|| current.clone());
            SealedCall { call_id, destination, key, method, request, note, expire_time, trace_context }
        };
        calls.into_iter().map(seal).collect()
    }

    /// Wakes the relay of this process for calls that a statement of the service's own has written and committed.
    pub fn written(&self, calls: &[SealedCall]) {
        for call in calls {
            self.wake(call.destination).notify_one();
        }
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

// === impl SealedCall ===

impl Debug for SealedCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedCall")
            .field("call_id", &self.call_id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
