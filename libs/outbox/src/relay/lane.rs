//! The way of calls to one destination: claim, deliver, settle.

use crate::relay::backoff::pause;
use crate::relay::breaker::Breaker;
use crate::relay::metrics::{Metrics, To};
use crate::relay::settings::Settings;
use crate::relay::verdict::Verdict;
use crate::store::claim::{Claimed, Lease, claim, claim_too_old};
use crate::store::observe::observe;
use crate::{Attempt, Deliver, Follow, MAX_AGE, Outbox, seal};
use bytes::Bytes;
use jiff::SignedDuration;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Db, Error};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tonic::Status;
use tracing::Instrument;
use uuid::Uuid;

/// What a call whose own time has passed is recorded with.
const EXPIRED: &str = "EXPIRED";

/// The relay's half for one destination. Its loops know nothing of other destinations', so one that hangs delays nobody else.
pub struct Lane {
    pub(super) destination: &'static str,
    pub(super) deliver: Arc<dyn Deliver>,
    pub(super) follow: Arc<dyn Follow>,
    pub(super) db: Db,
    pub(super) outbox: Outbox,
    pub(super) settings: Settings,
    pub(super) metrics: Metrics,
    pub(super) breaker: Mutex<Breaker>,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The destination is away: nobody looked, or of what waits for it nothing is due before its next retry.
    Spared,
    /// So many calls were due and were claimed; `all`: there were no others.
    Due { calls: usize, all: bool },
}

/// A claimed call with what became of it.
pub(super) struct Attempted {
    pub(super) call: Claimed,
    pub(super) verdict: Verdict,
    /// What its follow-ups go on with: the span of the attempt, else what was stored.
    pub(super) trace_context: Option<String>,
}

// === impl Found ===

impl Found {
    /// How many calls were claimed.
    pub fn calls(self) -> usize {
        match self {
            Self::Spared => 0,
            Self::Due { calls, .. } => calls,
        }
    }
}

// === impl Lane ===

impl Lane {
    /// The destination's name.
    pub fn destination(&self) -> &'static str {
        self.destination
    }

    /// Notified when a transaction of this process commits a call for this destination.
    pub fn wake(&self) -> Arc<Notify> {
        self.outbox.wake(self.destination)
    }

    /// Claims what is due, sends it all at once, records each outcome as it comes. Answers what was claimed.
    ///
    /// A step takes as long as its slowest call, at most the call deadline; two loops stepping one lane keep a slow call from holding up
    /// the others.
    ///
    /// # Errors
    /// When the database is away. What was delivered and not recorded is delivered again after the lease.
    pub async fn step(self: &Arc<Self>) -> Result<Found, Error> {
        let now = self.db.now();
        let admitted = self.breaker().admits(now, self.settings.concurrency);
        if admitted == 0 {
            return Ok(Found::Spared);
        }
        let lease = self.lease();
        let calls = claim(self.db.pool(), self.destination, now, admitted.into(), lease).await?;
        // What was to be the try of a destination that is away, and found nothing to try it with. One look more for each pause of the breaker:
        // where nothing waits at all, nothing is behind.
        let is_away = calls.is_empty() && self.breaker().is_open();
        if is_away && observe(self.db.pool(), self.destination, 1).await?.waiting > 0 {
            return Ok(Found::Spared);
        }
        let found = Found::Due { calls: calls.len(), all: calls.len() < admitted as usize };
        // Tasks of their own, so that an attempt goes on while another one is being settled. If this step is dropped, so are they.
        let mut attempts = JoinSet::new();
        for call in calls {
            let lane = Arc::clone(self);
            attempts.spawn(async move { lane.attempt(call).await });
        }
        let mut failure = None;
        while let Some(first) = attempts.join_next().await {
            // Whatever has ended by now is settled together; the slow ones follow in their own time.
            let ended = std::iter::once(first).chain(std::iter::from_fn(|| attempts.try_join_next()));
            // An attempt that panicked has been reported by the runtime; its call is delivered again after the lease.
            let batch: Vec<Attempted> = ended.filter_map(Result::ok).collect();
            if let Err(error) = self.settle(lease, batch).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(found), Err)
    }

    /// Settles as dead what grew too old while its destination was away. Answers how many there were.
    pub(super) async fn expire(&self, limit: i64) -> Result<usize, Error> {
        let now = self.db.now();
        let lease = self.lease();
        let calls = claim_too_old(self.db.pool(), self.destination, now, now - MAX_AGE, limit, lease).await?;
        let count = calls.len();
        if count > 0 {
            let too_old = |call: Claimed| {
                let trace_context = call.trace_context.clone();
                Attempted { call, verdict: too_old(), trace_context }
            };
            self.settle(lease, calls.into_iter().map(too_old).collect()).await?;
        }
        Ok(count)
    }

    fn lease(&self) -> Lease {
        let lease = SignedDuration::from_millis(self.settings.lease_ms.into());
        Lease { token: Uuid::new_v4(), expiry: self.db.now() + lease }
    }

    async fn attempt(&self, call: Claimed) -> Attempted {
        let span = tracing::info_span!(
            "deliver",
            otel.name = call.method,
            otel.kind = "client",
            destination = self.destination,
            call = %call.call_id,
            attempt = call.attempts,
            outcome = tracing::field::Empty,
        );
        if let Some(trace_context) = &call.trace_context {
            rpc::trace_context::join(&span, trace_context);
        }
        let trace_context = span.in_scope(rpc::trace_context::current).or_else(|| call.trace_context.clone());
        let verdict = self.judge(&call).instrument(span.clone()).await;
        span.record("outcome", verdict.label());
        Attempted { call, verdict, trace_context }
    }

    async fn judge(&self, call: &Claimed) -> Verdict {
        if self.db.now().duration_since(call.create_time.to_jiff()) >= MAX_AGE {
            return too_old();
        }
        // An empty request was erased for the same reason, perhaps by a replica whose clock is a little ahead of ours.
        if call.request.is_empty() || call.expire_time.is_some_and(|end| end.to_jiff() <= self.db.now()) {
            return Verdict::Refused { reason: EXPIRED.to_owned() };
        }
        let request = match seal::open_request(self.outbox.ring(), call.call_id, &call.request) {
            Ok(request) => Bytes::copy_from_slice(&request),
            Err(_) => return Verdict::Dead { error: "the stored request can't be opened".into() },
        };
        let answer = self.deliver(call, request).await;
        let verdict = Verdict::of(answer, call.attempts, |reason| self.follow.expects(&call.method, reason));
        match verdict {
            Verdict::Retry { away: true, .. } => self.breaker().failed(self.db.now()),
            _ => self.breaker().answered(),
        }
        let open = i64::from(self.breaker().is_open());
        self.metrics.breaker_open.get_or_create(&To { destination: self.destination }).set(open);
        verdict
    }

    async fn deliver(&self, call: &Claimed, request: Bytes) -> Result<Bytes, Status> {
        let attempt = Attempt {
            call_id: call.call_id,
            number: call.attempts.unsigned_abs(),
            deadline: self.settings.call_deadline(),
            trace_context: call.trace_context.clone(),
        };
        let answer = self.deliver.deliver(&call.method, request, &attempt);
        match tokio::time::timeout(attempt.deadline, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Status::deadline_exceeded("the receiver did not answer in time")),
        }
    }

    /// When a call is tried again.
    pub(super) fn next_attempt(&self, call: &Claimed, asked: Option<std::time::Duration>) -> jiff::Timestamp {
        self.db.now() + pause(call.attempts, asked, rand::random())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_old() -> Verdict {
    Verdict::Dead { error: "older than 25 days".into() }
}

impl Debug for Lane {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("destination", &self.destination).finish_non_exhaustive()
    }
}
