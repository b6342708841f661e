//! Recording what became of claimed calls, with all that follows, in one transaction.

use crate::relay::lane::{Attempted, Lane};
use crate::relay::metrics::{Ended, To};
use crate::relay::verdict::Verdict;
use crate::store::claim::Lease;
use crate::store::settle::{Record, finish, lock_leased, promote, record};
use crate::{Outcome, Settled};
use jiff::Timestamp;
use rpc::Exemplar;
use std::collections::HashSet;
use store::{Error, Tx, transaction};
use uuid::Uuid;

impl Lane {
    /// Settles a batch in one transaction. If that fails for a reason that lies in one of the calls (its follow-up, a constraint), each is
    /// settled by itself, so that it keeps back nobody else; it stays leased and is delivered again.
    pub(super) async fn settle(&self, lease: Lease, batch: Vec<Attempted>) -> Result<(), Error> {
        match self.settle_together(lease, &batch).await {
            Ok(()) => Ok(()),
            Err(Error::Unavailable(what)) => Err(Error::Unavailable(what)),
            Err(error) if batch.len() == 1 => {
                self.settle_failed(&batch[0], &error);
                Ok(())
            }
            Err(_) => {
                for one in &batch {
                    match self.settle_together(lease, std::slice::from_ref(one)).await {
                        Ok(()) => {}
                        Err(Error::Unavailable(what)) => return Err(Error::Unavailable(what)),
                        Err(error) => self.settle_failed(one, &error),
                    }
                }
                Ok(())
            }
        }
    }

    async fn settle_together(&self, lease: Lease, batch: &[Attempted]) -> Result<(), Error> {
        let now = self.db.now();
        let held = transaction!(self.db, "settle_calls", |tx| -> Result<HashSet<Uuid>, Error> {
            self.settle_in(tx, lease, batch, now).await
        })?;
        for one in batch {
            self.tell(one, held.contains(&one.call.call_id), now);
        }
        Ok(())
    }

    /// The order of the steps keeps locks in one order everywhere: call, whatever the follow-up locks (aggregates), then keys.
    async fn settle_in(
        &self,
        tx: &mut Tx,
        lease: Lease,
        batch: &[Attempted],
        now: Timestamp,
    ) -> Result<HashSet<Uuid>, Error> {
        let all: Vec<Uuid> = batch.iter().map(|one| one.call.call_id).collect();
        let held: HashSet<Uuid> = lock_leased(tx, lease.token, &all).await?.into_iter().collect();
        let mut following = Vec::new();
        let mut records = Vec::new();
        let mut finished = Vec::new();
        for one in batch.iter().filter(|one| held.contains(&one.call.call_id)) {
            records.push(self.record_of(one, now));
            if let Some(settled) = self.settled(one) {
                let calls = self.follow.settled(tx, &settled).await?;
                following.extend(calls.into_iter().map(|call| call.in_trace(one.trace_context.as_deref())));
                finished.push((one.call.ordering_key.clone(), one.call.seq));
            }
        }
        if records.is_empty() {
            return Ok(held);
        }
        self.outbox.enqueue(tx, now, following).await?;
        record(tx, now, &records).await?;
        if !finished.is_empty() {
            let next = finish(tx, self.destination, &finished).await?;
            if !next.is_empty() {
                promote(tx, self.destination, &next).await?;
                tx.wake_on_commit(&self.wake());
            }
        }
        Ok(held)
    }

    fn record_of(&self, one: &Attempted, now: Timestamp) -> Record {
        let (state, error, next_attempt_time) = match &one.verdict {
            Verdict::Done(_) => ("done", None, now),
            Verdict::Refused { reason } => ("refused", Some(reason.clone()), now),
            Verdict::Dead { error } => ("dead", Some(error.clone()), now),
            Verdict::Retry { error, after, .. } => {
                ("waiting", Some(error.clone()), self.next_attempt(&one.call, *after))
            }
        };
        Record { call_id: one.call.call_id, state, error, next_attempt_time }
    }

    /// What the routes are told; `None` for a call that goes on waiting.
    fn settled(&self, one: &Attempted) -> Option<Settled> {
        let outcome = match &one.verdict {
            Verdict::Done(answer) => Outcome::Done(answer.clone()),
            Verdict::Refused { reason } => Outcome::Refused { reason: reason.clone() },
            Verdict::Dead { .. } => Outcome::Dead,
            Verdict::Retry { .. } => return None,
        };
        Some(Settled {
            call_id: one.call.call_id,
            destination: self.destination,
            method: one.call.method.clone(),
            key: one.call.ordering_key.clone(),
            note: one.call.note.clone(),
            outcome,
        })
    }

    /// Counts and logs, after the commit.
    fn tell(&self, one: &Attempted, held: bool, now: Timestamp) {
        let (destination, call) = (self.destination, one.call.call_id);
        let method = one.call.method.as_str();
        if !held {
            self.metrics.late.get_or_create(&To { destination }).inc();
            tracing::warn!(%call, destination, method, "the lease had run out before the outcome was recorded");
            return;
        }
        self.metrics.attempts.get_or_create(&Ended { destination, outcome: one.verdict.label() }).inc();
        match &one.verdict {
            Verdict::Retry { error, .. } => {
                tracing::debug!(%call, destination, method, attempt = one.call.attempts, error, "will be tried again");
                return;
            }
            Verdict::Dead { error } => tracing::error!(%call, destination, method, error, "a call is dead"),
            Verdict::Done(_) | Verdict::Refused { .. } => {}
        }
        let took = now.duration_since(one.call.create_time.to_jiff());
        let exemplar = one.trace_context.as_deref().and_then(Exemplar::of);
        self.metrics.settle_seconds.get_or_create(&To { destination }).observe(took.as_secs_f64(), exemplar, None);
    }

    fn settle_failed(&self, one: &Attempted, error: &Error) {
        let (destination, call) = (self.destination, one.call.call_id);
        self.metrics.attempts.get_or_create(&Ended { destination, outcome: "unrecorded" }).inc();
        tracing::error!(%call, destination, method = one.call.method, %error, "an outcome could not be recorded");
    }
}
