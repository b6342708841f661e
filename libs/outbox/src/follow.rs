//! What follows from a call's end: the second half of a service's routes.

use crate::Call;
use async_trait::async_trait;
use bytes::Bytes;
use proto::DurableCall;
use serde_json::Value;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use store::Tx;
use uuid::Uuid;

/// The routes of a service, as the relay asks them.
#[async_trait]
pub trait Follow: Send + Sync + 'static {
    /// Whether the receiver may refuse `method` with `reason` in the ordinary course of things, such as an escalation that comes
    /// too late. The call is then settled as [`Outcome::Refused`]; any other refusal kills it.
    fn expects(&self, method: &str, reason: &str) -> bool;

    /// Records what became of a call and answers which calls follow from it, all in the transaction that settles it: it commits
    /// with the settlement or not at all, and is run again from the start after a conflict.
    ///
    /// A call that went [`Outcome::Dead`] and was requeued by an operator is told a second outcome later.
    ///
    /// # Errors
    /// The call stays unsettled and is delivered again once its lease has run out; its receiver answers as it did the first time.
    async fn settled(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, store::Error>;
}

/// For a service that waits for no answer: no refusal is expected, nothing follows.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingFollows;

/// A call that has come to its end.
#[derive(Clone)]
pub struct Settled {
    /// The call, and the `request_id` it was sent with.
    pub call_id: Uuid,
    /// Where it went.
    pub destination: &'static str,
    /// Full gRPC path.
    pub method: String,
    /// Its ordering key.
    pub key: String,
    /// What [`Call::note`] was given.
    pub note: Value,
    /// What became of it.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, PartialEq)]
pub enum Outcome {
    /// The receiver applied it, now or at an earlier attempt; the answer's bytes.
    Done(Bytes),
    /// The receiver refused it with a reason that [`Follow::expects`] had declared.
    Refused {
        /// `google.rpc.ErrorInfo.reason`.
        reason: String,
    },
    /// The receiver refused it otherwise, or it grew too old. A person looks at it.
    Dead,
}

// === impl Settled ===

impl Settled {
    /// Whether this was a call of that method.
    pub fn is<R: DurableCall>(&self) -> bool {
        self.method == R::METHOD
    }

    /// The answer, if this was a call of that method and it is done.
    ///
    /// # Errors
    /// [`store::Error::Corrupt`] when the bytes are no such answer.
    pub fn answer<R: DurableCall>(&self) -> Result<Option<R::Response>, store::Error> {
        match &self.outcome {
            Outcome::Done(bytes) if self.is::<R>() => prost::Message::decode(bytes.clone())
                .map(Some)
                .map_err(|_| store::Error::Corrupt(format!("answer to {}", R::METHOD))),
            _ => Ok(None),
        }
    }
}

impl Debug for Settled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settled")
            .field("call_id", &self.call_id)
            .field("method", &self.method)
            .field("key", &self.key)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Debug for Outcome {
    /// Not the answer: it may hold personal data.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done(_) => f.write_str("Done"),
            Outcome::Refused { reason } => write!(f, "Refused({reason})"),
            Outcome::Dead => f.write_str("Dead"),
        }
    }
}

// === impl Arc<Follow> ===

#[async_trait]
impl<F: Follow + ?Sized> Follow for Arc<F> {
    fn expects(&self, method: &str, reason: &str) -> bool {
        (**self).expects(method, reason)
    }

    async fn settled(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, store::Error> {
        (**self).settled(tx, settled).await
    }
}

// === impl NothingFollows ===

#[async_trait]
impl Follow for NothingFollows {
    fn expects(&self, _method: &str, _reason: &str) -> bool {
        false
    }

    async fn settled(&self, _tx: &mut Tx, _settled: &Settled) -> Result<Vec<Call>, store::Error> {
        Ok(Vec::new())
    }
}
