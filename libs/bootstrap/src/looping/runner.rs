//! Runs the loops of a service until they are told to stop, or until one of them fails for good.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, anyhow};
use rand::RngExt as _;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{Loop, LoopMetrics, Stepped, metrics::Slot};

/// How failing loops slow down, and when a step counts as failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Longest step.
    pub(super) limit: Duration,
    /// Pause after the first failed step; doubles with each further one.
    pub(super) first: Duration,
    /// Longest pause between failed steps.
    pub(super) longest: Duration,
}

/// The running loops of one service.
#[derive(Debug)]
pub struct Runner {
    tasks: JoinSet<()>,
    /// The loops that have not ended yet.
    names: HashMap<Id, &'static str>,
    stopper: CancellationToken,
}

// === impl Pace ===

impl Pace {
    pub(super) fn new(limit: Duration) -> Self {
        // Half a minute is what a person watching a repaired database will bear.
        Self { limit, first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }

    /// 1 s, 2 s, 4 s … 30 s after so many failures before this one.
    pub(super) fn backoff(self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures)).min(self.longest)
    }
}

// === impl Runner ===

impl Runner {
    /// Starts every loop. They stop when `stopper` is cancelled. A step that takes longer than `limit` has failed.
    pub fn start(loops: Vec<Loop>, limit: Duration, metrics: &LoopMetrics, stopper: &CancellationToken) -> Self {
        Self::paced(loops, metrics, stopper, Pace::new(limit))
    }

    pub(super) fn paced(loops: Vec<Loop>, metrics: &LoopMetrics, stopper: &CancellationToken, pace: Pace) -> Self {
        let mut tasks = JoinSet::new();
        let mut names = HashMap::new();
        for it in loops {
            let name = it.name;
            let slot = metrics.started(name);
            let task = run(it, slot, metrics.clone(), stopper.clone(), pace);
            names.insert(tasks.spawn(task.in_current_span()).id(), name);
        }
        Self { tasks, names, stopper: stopper.clone() }
    }

    /// Waits while all loops run. Returns when the stopper was cancelled: then call [`Runner::drain`].
    ///
    /// # Errors
    /// A loop panicked or ended by itself. Either is a failure of the whole service: half a service that looks alive
    /// is worse than one that is restarted.
    pub async fn watch(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            biased;
            () = self.stopper.cancelled() => Ok(()),
            Some(ended) = self.tasks.join_next_with_id() => {
                let name = self.ended(ended)?;
                Err(anyhow!("the loop `{name}` ended by itself"))
            }
            else => {
                // No loops at all: a service that only answers.
                self.stopper.cancelled().await;
                Ok(())
            }
        }
    }

    /// Lets every loop finish the step in hand, for at most `grace`.
    ///
    /// # Errors
    /// A step was still running after `grace` and was cut off (what it held is taken up by another replica when
    /// its lease ends), or a loop panicked while it stopped.
    pub async fn drain(mut self, grace: Duration) -> anyhow::Result<()> {
        self.stopper.cancel();
        let deadline = Instant::now() + grace;
        while !self.tasks.is_empty() {
            match timeout_at(deadline, self.tasks.join_next_with_id()).await {
                Ok(Some(ended)) => {
                    self.ended(ended)?;
                }
                Ok(None) => break,
                Err(_) => {
                    let mut left: Vec<_> = self.names.into_values().collect();
                    left.sort_unstable();
                    return Err(anyhow!("cut off in the middle of a step after {grace:?}: {}", left.join(", ")));
                }
            }
        }
        Ok(())
    }

    /// The name of the loop that ended in order, or the error it ended with.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) -> anyhow::Result<&'static str> {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let name = self.names.remove(&id).unwrap_or("?");
        match ended {
            Ok(_) => Ok(name),
            // Not the payload: a panic's text may quote what it choked on. The panic hook has logged the place.
            Err(error) if error.is_panic() => Err(anyhow!("the loop `{name}` panicked")),
            Err(_) => Err(anyhow!("the loop `{name}` was aborted")),
        }
    }
}

async fn run(it: Loop, slot: Slot, metrics: LoopMetrics, stopper: CancellationToken, pace: Pace) {
    let mut failures = 0_u32;
    while !stopper.is_cancelled() {
        let (started, looked) = (Instant::now(), metrics.now());
        // What it waits for may be an answer of a host that vanished, which no driver of ours gives up by itself.
        let limit = if it.is_limited { pace.limit } else { Duration::MAX };
        let step = timeout(limit, it.step.step());
        let result = step.await.unwrap_or_else(|_| Err(anyhow!("given up after {:?}", pace.limit)));
        let result = result.with_context(|| format!("loop `{}`", it.name));
        let seconds = started.elapsed().as_secs_f64();
        metrics.stepped(slot, result.as_ref().map(|it| *it).map_err(|_| ()), looked, seconds);
        match result {
            Ok(Stepped::Worked(_) | Stepped::Finished(_)) => {
                failures = 0;
                // A loop with endless work must not starve its neighbours on a single-threaded runtime.
                tokio::task::yield_now().await;
            }
            Ok(Stepped::Idle | Stepped::Spared) => {
                failures = 0;
                tokio::select! {
                    biased;
                    () = stopper.cancelled() => {}
                    () = it.wake.notified() => {}
                    () = tokio::time::sleep(jittered(it.idle)) => {}
                }
            }
            Err(error) => {
                let pause = jittered(pace.backoff(failures));
                failures = failures.saturating_add(1);
                let error = format!("{error:#}");
                // One failure is ordinary, such as a peer that is being restarted; more in a row concern an operator.
                if failures == 1 {
                    tracing::info!(loop_name = it.name, ?pause, error, "step failed");
                } else {
                    tracing::warn!(loop_name = it.name, failures, ?pause, error, "step failed");
                }
                // A wake-up does not shorten this pause: a busy queue would turn it into a hot loop of failures.
                tokio::select! {
                    biased;
                    () = stopper.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

/// `pause` ±20 %, so that replicas started together do not stay in step.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.8..=1.2))
}
