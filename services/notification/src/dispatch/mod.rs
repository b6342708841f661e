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
//! - *A message can't be read* (damaged, or its key is missing): it is tried again like one refused for now, and expires; the others go out.
//! - *A message can't be rendered* (a template lost a variable between two versions): FAILED with a reason an operator sees;
//!   trying again would not help.

mod attempt;
mod hold;
mod outgoing;
mod receipts;
mod settle;

pub(crate) use settle::rise;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use futures::stream::{self, StreamExt};

use crate::App;
use crate::config::DispatchConfig;
use crate::providers::ReceiptReceiver;
use crate::store::claim;
use crate::templates::Lane;

/// Sends of one lane at once; a provider's own window narrows it further.
const AT_ONCE: usize = 16;

struct Dispatch {
    app: Arc<App>,
    lane: Lane,
    batch: u32,
}

/// The loops: one per lane, one for receipts.
pub(crate) fn loops(app: &Arc<App>, config: &DispatchConfig, receipts: ReceiptReceiver) -> Vec<Loop> {
    let lanes = [Lane::Code, Lane::Emergency, Lane::Normal, Lane::Bulk];
    let dispatch = lanes.into_iter().map(|lane| {
        let step = Dispatch { app: Arc::clone(app), lane, batch: config.batch.of(lane) };
        Loop::new("dispatch", config.idle, step).woken_by(app.wakes.of(lane))
    });
    dispatch.chain(receipts::loops(app, receipts)).collect()
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
        let mut changes =
            stream::iter(claimed).map(|it| attempt::attempt(app, self.lane, it)).buffer_unordered(AT_ONCE);
        // Recorded one by one: what was sent is known even if the next one takes long and the process dies. One that can't be recorded
        // must not cut the others off in the middle of being sent.
        let mut recorded = Ok(());
        while let Some(attempted) = changes.next().await {
            let Some((notification, change)) = attempted else { continue };
            recorded = settle::record(app, notification, &change).await.and(recorded);
        }
        recorded.map(|()| Stepped::Worked(count))
    }
}

/// The hints that end a lane's rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakes(BTreeMap<Lane, Arc<tokio::sync::Notify>>);

// === impl Wakes ===

impl Wakes {
    pub(crate) fn new() -> Self {
        let lanes = [Lane::Code, Lane::Emergency, Lane::Normal, Lane::Bulk];
        Self(lanes.into_iter().map(|lane| (lane, Arc::default())).collect())
    }

    pub(crate) fn of(&self, lane: Lane) -> Arc<tokio::sync::Notify> {
        self.0.get(&lane).map(Arc::clone).unwrap_or_default()
    }
}
