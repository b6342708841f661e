//! Runs a service until it is stopped or fails.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use tracing::Instrument as _;

use crate::{
    Loop, Overrides, Prepared, Service, Step, Stepped, admin::Readiness, config::Settings, looping::Runner, prepare,
    telemetry,
};

/// How far gRPC health lags behind readiness.
const HEALTH: Duration = Duration::from_secs(2);

/// Patience with the connections to the database at the end: what they were needed for is over.
const CLOSING: Duration = Duration::from_secs(5);
/// How long the ends of connections may take at a stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Prepares a service and runs it until the stopper is cancelled and the drain is over. `otklik <service> serve`, the all-in-one
/// and the tests all come through here.
///
/// # Errors
/// The start failed, a loop ended, or the drain had to cut something off. The whole process should end then.
pub async fn run<S: Service>(settings: Settings<S::Config>, overrides: Overrides) -> anyhow::Result<()> {
    let span = tracing::info_span!(telemetry::SERVICE_SPAN, service = S::NAME);
    async { prepare::<S>(settings, overrides).await?.run().await }
        .instrument(span)
        .await
        .with_context(|| format!("service {}", S::NAME))
}

// === impl Prepared ===

impl Prepared {
    /// Runs the loops that are left in it, serves, and drains when the stopper is cancelled.
    ///
    /// # Errors
    /// A loop ended or panicked, serving failed, or the drain had to cut something off.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { ctx, loops, common, server, listener, readiness, loop_metrics, admin, ready } = self;
        let (stopper, grace) = (ctx.stopper.clone(), common.lifecycle.grace);
        let address = listener.local_addr()?;
        let health = server.health();
        readiness.started();
        let follow = FollowReadiness { health, readiness };
        follow.step().await?;
        let follow = Loop::new("health", HEALTH, follow);
        let loops = loops.into_iter().chain([follow]).collect();
        let mut runner = Runner::start(loops, common.lifecycle.step_limit, &loop_metrics, &stopper);
        // A task of its own: its drain goes on while the loops end.
        let mut serving = tokio::spawn(server.serve(listener, stopper.clone()).in_current_span());
        tracing::info!(service = ctx.name, %address, "serving");
        if let Some(ready) = ready {
            // Nobody waits any more: fine.
            let _ = ready.send(());
        }

        let mut served = None;
        let result = tokio::select! {
            result = runner.watch() => result,
            ended = &mut serving => {
                let stopped = stopper.is_cancelled();
                served = Some(ended);
                if stopped { Ok(()) } else { Err(anyhow::anyhow!("the server ended by itself")) }
            }
        };
        if let Err(error) = &result {
            tracing::error!(service = ctx.name, error = format!("{error:#}"), "stopping");
        }
        stopper.cancel();
        let drained = runner.drain(common.lifecycle.drain_notice + grace).await;
        let served = match served {
            Some(served) => served,
            None => serving.await,
        };
        ctx.farewells.say(FAREWELL).await;
        // A pool waits for every connection, also for those to a host that vanished and will never answer.
        if tokio::time::timeout(CLOSING, ctx.db.pool().close()).await.is_err() {
            tracing::warn!(service = ctx.name, "connections to the database do not end; leaving them");
        }
        admin.close().await;
        tracing::info!(service = ctx.name, "stopped");
        result?;
        served.context("the server panicked")?.context("serving")?;
        drained.context("the drain")
    }
}

/// Makes gRPC health say what `/readyz` says, for load balancers that ask there. The server itself says NOT_SERVING first
/// when it drains.
struct FollowReadiness {
    health: rpc::Health,
    readiness: Readiness,
}

#[async_trait]
impl Step for FollowReadiness {
    async fn step(&self) -> anyhow::Result<Stepped> {
        match self.readiness.check().await {
            Ok(()) => self.health.serving().await,
            Err(_) => self.health.not_serving().await,
        }
        Ok(Stepped::Idle)
    }
}
