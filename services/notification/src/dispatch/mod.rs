//! Sending what is queued.
//!
//! ```text
//!  claim (lease, commit) -> look: expired? superseded? -> render -> provider, outside any transaction -> record by lease
//!                                                                                                          |
//!                             notification's state rises -> RecordNoticeOutcome to the sender by the outbox +
//! ```
//!
//! One loop a lane: a thousand bulk messages take the bulk lane's worker, and a code finds its own idle (N-08).
//!
//! What can go wrong:
//! - *The worker dies while sending*: the lease runs out, another takes over. The provider may have had it: the delivery is
//!   labelled `possibly_doubled`, and goes out again, because a citizen not told is worse than one told twice. What it had claimed and
//!   not begun leaves no doubt.
//! - *The provider does not answer*: the same, after a longer pause. The second doubt ends it, FAILED with UNKNOWN_OUTCOME: a centre
//!   that takes everything and answers nothing would have a message repeated until it expires.
//! - *The provider is slow*: the lease is renewed while a send is under way ([`hold`]), so it may be shorter than a send.
//! - *The worker was only slow*: its record names a lease that is gone and changes nothing, and what it had not begun to send it leaves alone.
//! - *The database goes away*: what is sent is recorded as soon as it is back, for as long as the lease lasts; nothing more is begun
//!   in between, since all that can't be recorded goes out again.
//! - *We are to stop*: nothing more is begun, what was claimed and not begun is given back at once, what is under way is waited for. When
//!   all lanes have ended, the providers say good-bye.
//! - *A message can't be read* (damaged, or its key is missing): it is tried again like one refused for now, and expires; the others go out.
//! - *A message can't be rendered* (a template lost a variable between two versions): FAILED with a reason an operator sees;
//!   trying again would not help.

mod attempt;
mod gauges;
mod hold;
mod outgoing;
mod receipts;
mod settle;

pub(crate) use settle::rise;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use futures::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use self::attempt::Attempted;
use crate::App;
use crate::config::DispatchConfig;
use crate::providers::ReceiptReceiver;
use crate::store::claim::{self, Claimed};
use crate::templates::Lane;

/// The lanes, the most urgent first.
pub(crate) const LANES: [Lane; 4] = [Lane::Code, Lane::Emergency, Lane::Normal, Lane::Bulk];

/// Sends of one lane at once; a provider's own window narrows it further.
const AT_ONCE: usize = 16;

struct Dispatch {
    app: Arc<App>,
    lane: Lane,
    batch: u32,
}

/// The loops: one per lane, those for receipts, one that tells what waits.
pub(crate) fn loops(app: &Arc<App>, config: &DispatchConfig, receipts: ReceiptReceiver) -> Vec<Loop> {
    let dispatch = LANES.into_iter().map(|lane| {
        let step = Dispatch { app: Arc::clone(app), lane, batch: config.batch.of(lane) };
        // A relay may be ten minutes at one mail. Cut off, what was sent would go out again; the providers have time-outs of their own.
        Loop::new("dispatch", config.idle, step).woken_by(app.wakes.of(lane)).unlimited()
    });
    dispatch.chain(receipts::loops(app, receipts)).chain([gauges::gauges_loop(app)]).collect()
}

#[async_trait]
impl Step for Dispatch {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let app = &self.app;
        let now = app.clock.now();
        let claimed = ::store::transaction!(app.db, "claim_deliveries", |tx| -> Result<Vec<_>, ::store::Error> {
            claim::claim(tx, &app.ring, self.lane, self.batch.into(), now, app.lease(self.lane)).await
        })?;
        if claimed.is_empty() {
            return Ok(Stepped::Idle);
        }
        let count = claimed.len();
        let lease = claimed.first().map(|it| it.lease);
        // Begin nothing more: we are to stop, or what is sent can't be recorded.
        let halt = app.stopper.child_token();
        let attempts = claimed.into_iter().map(|it| {
            let span = attempt::span(self.lane, &it);
            self.attempt(it, &halt).instrument(span)
        });
        let mut attempts = stream::iter(attempts).buffer_unordered(AT_ONCE);
        let (mut recorded, mut left) = (Ok(()), Vec::new());
        while let Some((unbegun, outcome)) = attempts.next().await {
            left.extend(unbegun);
            recorded = recorded.and(outcome);
        }
        if let (Some(lease), false) = (lease, left.is_empty()) {
            // For another worker, at once. If that fails too, their leases run out; they are in no doubt.
            let mut connection = app.db.pool().acquire().await?;
            claim::release(&mut connection, lease, &left, app.clock.now()).await?;
        }
        recorded.map(|()| Stepped::taken(count, self.batch as usize))
    }
}

impl Dispatch {
    /// One delivery from its claim to its record. Each is recorded by itself: what was sent is known even if the next one takes long
    /// and the process dies. Answers its id if it was not begun.
    async fn attempt(&self, it: Claimed, halt: &CancellationToken) -> (Option<Uuid>, anyhow::Result<()>) {
        let (app, delivery) = (&*self.app, it.delivery_id);
        let recorded = match attempt::attempt(app, self.lane, it, halt).await {
            Attempted::NotBegun(why) => return (Some(delivery), why.map_err(Into::into)),
            Attempted::Lost => Ok(()),
            Attempted::Ended(notification, change) => {
                // What is under way beside it is not cut off.
                let record =
                    || async { settle::record(app, notification, &change).await.inspect_err(|_| halt.cancel()) };
                let patience = Duration::try_from(app.lease(self.lane)).unwrap_or_default();
                // A stop does not end it either: who would forget what was sent, would send it again.
                bootstrap::patiently(patience, &CancellationToken::new(), record).await
            }
        };
        (None, recorded)
    }
}

/// The hints that end a lane's rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakes(BTreeMap<Lane, Arc<tokio::sync::Notify>>);

// === impl Wakes ===

impl Wakes {
    pub(crate) fn new() -> Self {
        Self(LANES.into_iter().map(|lane| (lane, Arc::default())).collect())
    }

    pub(crate) fn of(&self, lane: Lane) -> Arc<tokio::sync::Notify> {
        self.0.get(&lane).map(Arc::clone).unwrap_or_default()
    }
}
