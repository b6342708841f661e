//! Background loops: what a service does without being asked.
//!
//! ```text
//!            +--------- Worked(n) | Finished(n) ----------+
//!            v                                            |
//!  start -> step -- Idle | Spared --> wait: wake | idle --+
//!            |  \
//!            |   `- Err or too long --> log, wait: 1 s, 2 s, 4 s .. 30 s (±20 %) --+
//!            |                                                          |
//!            +<---------------------------------------------------------+
//!  stop: the step in hand is finished, no further one is begun.
//!  panic, or a loop that returns by itself: the whole service ends with an error.
//! ```
//!
//! A loop is only a name, a pause and a [`Step`]; it holds no state between steps that is not also in the database, so
//! a crash between two steps loses nothing and every replica may run the same loops. Tests do not run loops: they
//! call [`Step::step`] by hand, as often as they like ("stepped mode").

mod metrics;
mod runner;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Notify;

pub use self::{metrics::LoopMetrics, runner::Runner};

/// What one step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Nothing is due: wait for a wake-up or the idle interval.
    Idle,
    /// Whoever the work is for is away, and is spared or comes up for a try later. Waits like an idle one, and is not done.
    Spared,
    /// So many things were done and more may be due: step again at once.
    Worked(usize),
    /// So many things were done, and there were no others when it looked: step again at once, something may have come.
    Finished(usize),
}

impl Stepped {
    /// What a step found that takes at most `most` things and took so many.
    pub fn taken(count: usize, most: usize) -> Self {
        match count {
            0 => Self::Idle,
            _ if count < most => Self::Finished(count),
            _ => Self::Worked(count),
        }
    }

    /// What a step found that did so many things and can't tell whether they were all.
    pub fn worked(count: usize) -> Self {
        if count == 0 { Self::Idle } else { Self::Worked(count) }
    }

    /// How many things were done.
    pub fn count(self) -> usize {
        match self {
            Self::Idle | Self::Spared => 0,
            Self::Worked(count) | Self::Finished(count) => count,
        }
    }
}

/// One round of a loop's work, short enough to be waited for at shutdown (a second or two, never minutes).
#[async_trait]
pub trait Step: Send + Sync + 'static {
    /// Does what is due now.
    ///
    /// # Errors
    /// Whatever went wrong; it is logged and the step is tried again after a backoff. The text must hold no personal
    /// data.
    async fn step(&self) -> anyhow::Result<Stepped>;
}

/// A step, how often to look when there is nothing to do, and how to be woken before that.
#[derive(Clone)]
pub struct Loop {
    /// The metric label and the name in logs: `relay`, `tick`, `dispatch`.
    pub name: &'static str,
    /// Pause after an idle step, jittered by 20 % so that replicas spread out.
    pub idle: Duration,
    /// A hint that there is work: ends the pause at once. Losing a wake-up costs at most one idle interval.
    pub wake: Arc<Notify>,
    /// The work.
    pub step: Arc<dyn Step>,
    /// Whether a step that takes longer than `lifecycle.step_limit` is given up.
    pub is_limited: bool,
}

// === impl Loop ===

impl Loop {
    /// A loop that nobody wakes: it looks every `idle`.
    pub fn new(name: &'static str, idle: Duration, step: impl Step) -> Self {
        Self { name, idle, wake: Arc::new(Notify::new()), step: Arc::new(step), is_limited: true }
    }

    /// The same loop, woken by `wake`.
    #[must_use]
    pub fn woken_by(mut self, wake: Arc<Notify>) -> Self {
        self.wake = wake;
        self
    }

    /// The same loop, whose steps wait for others than the database: for what bounds itself, and must not be cut off in the middle.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.is_limited = false;
        self
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop").field("name", &self.name).field("idle", &self.idle).finish_non_exhaustive()
    }
}
