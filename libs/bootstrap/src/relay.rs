//! The outbox's loops, put together alike for every service.
//!
//! | loop | steps | when |
//! |---|---|---|
//! | `relay` | delivers to one peer; two loops per peer, so that a slow call does not hold up the others | woken by a commit, else every second |
//! | `purge` | forgets what is no longer needed | every minute, at once while there is more |
//! | `outbox-gauges` | brings the outbox's gauges up to date | every 15 s |

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use outbox::{Follow, Found, Lane, Relay};

use crate::{Context, Loop, Step, Stepped};

/// Loops per peer.
const LOOPS: usize = 2;
/// New calls wake the relay; this is for those whose retry comes due, or whose relay died.
const IDLE: Duration = Duration::from_secs(1);
const PURGE: Duration = Duration::from_secs(60);
/// What the gauges' help texts promise.
const OBSERVE: Duration = Duration::from_secs(15);

/// The loops that deliver what `ctx.outbox` holds to all of `ctx.peers`; `follow` says what comes of it. Call once per service.
///
/// # Errors
/// Never in a service that got its context from [`crate::prepare`].
pub fn relay_loops(ctx: &Context, follow: Arc<dyn Follow>) -> anyhow::Result<Vec<Loop>> {
    let way = |name| Ok((name, ctx.peers.deliver(name)?));
    let ways = ctx.peers.names().map(way).collect::<anyhow::Result<_>>()?;
    let relay = ctx.metrics.with(|registry| Relay::new(&ctx.db, &ctx.outbox, follow, &ctx.relay, registry, ways));
    let relay = Arc::new(relay);
    let lanes = relay.lanes().iter().flat_map(|lane| {
        let wake = ctx.outbox.wake(lane.destination());
        let deliver = move |lane| Loop::new("relay", IDLE, Delivers(lane)).woken_by(Arc::clone(&wake));
        std::iter::repeat_n(Arc::clone(lane), LOOPS).map(deliver)
    });
    let rest = [
        Loop::new("purge", PURGE, Purges(Arc::clone(&relay))),
        Loop::new("outbox-gauges", OBSERVE, Observes(Arc::clone(&relay))),
    ];
    Ok(lanes.chain(rest).collect())
}

struct Delivers(Arc<Lane>);
struct Purges(Arc<Relay>);
struct Observes(Arc<Relay>);

#[async_trait]
impl Step for Delivers {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(match self.0.step().await? {
            Found::Spared => Stepped::Spared,
            Found::Due { calls: 0, .. } => Stepped::Idle,
            Found::Due { calls, all: true } => Stepped::Finished(calls),
            Found::Due { calls, all: false } => Stepped::Worked(calls),
        })
    }
}

#[async_trait]
impl Step for Purges {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::worked(self.0.purge().await?))
    }
}

#[async_trait]
impl Step for Observes {
    async fn step(&self) -> anyhow::Result<Stepped> {
        self.0.observe().await?;
        Ok(Stepped::Idle)
    }
}
