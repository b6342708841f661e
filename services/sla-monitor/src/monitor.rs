//! The tick: fires what is due.
//!
//! One transaction that touches nothing but our own database, so it needs no lease: it locks the deadlines that have been due longest, moves their
//! rungs on and writes the calls. Any number of replicas do so at once, each finding what nobody else holds. A step is a handful of
//! statements, however many deadlines it takes, and an idle one reads one entry of an index.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | it dies halfway | nothing happened; the locks are gone; somebody else fires |
//! | an outage of ours | the highest level that is due fires and promises its term from then on, the lower ones are superseded, all are labelled late |
//! | an outage of the ticket service | the level that fired waits for it and is accepted with its term from then on; the next one fires at the end of that |
//! | its answer is lost for longer than it promised | the level acted and its time has passed: the next one is due, and only that one's time is told |
//! | a deadline can't be read, say a newer version wrote it | it is put off and counted, the others fire; it is tried again until it can be read |
//! | nothing fires, and this process is up | the canary lies in the same index and fires with the same step: its lag grows, which the loop beside tells (`canary`) |
//! | this replica's clock is wrong | the service corrects it from Postgres; what is left of the error moves the moment of a firing, never their number: the rung's key and the lock decide that |
//! | the deadline is changed at the same moment | whoever locks first; the other sees the outcome |

use std::sync::Arc;
use std::time::Duration;

use ::store::{Error, transaction};
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};
use tracing::Span;
use uuid::Uuid;

use crate::domain::{Rung, RungState, lateness, next_canary_time};
use crate::{App, canary, routes, store};

/// Between two looks at the lag, as the metric's help says.
const OBSERVE: Duration = Duration::from_secs(15);

/// Until the next look at a deadline that can't be read, as the metric's help says: off the head of the queue, which it would hold for good, and
/// back soon after what can read it is installed.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(10);

/// The loop that fires rungs.
pub(crate) fn monitor_loop(app: &Arc<App>, idle: Duration) -> Loop {
    Loop::new("monitor", idle, Monitor(Arc::clone(app)))
}

/// The loop that looks at the lag of this one and of the fold. Not those that work: it must tell when they hang.
pub(crate) fn lag_loop(app: &Arc<App>) -> Loop {
    Loop::new("monitor-lag", OBSERVE, Lag(Arc::clone(app)))
}

struct Monitor(Arc<App>);
pub(crate) struct Lag(pub(crate) Arc<App>);

#[async_trait]
impl Step for Monitor {
    async fn step(&self) -> anyhow::Result<Stepped> {
        Ok(Stepped::taken(tick(&self.0).await?, self.0.batch as usize))
    }
}

#[async_trait]
impl Step for Lag {
    async fn step(&self) -> anyhow::Result<Stepped> {
        // First: what it tells while the database can't be asked is what the rest would fail before.
        canary::look(&self.0).await?;
        let now = self.0.db.now();
        let oldest = store::due::oldest(self.0.db.pool(), now).await?;
        self.0.metrics.horizons(&self.0.shelf.published(), now, self.0.alarm_before);
        let closing = store::closing::oldest(self.0.db.pool()).await?;
        let age = |oldest: Option<Timestamp>| oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
        self.0.metrics.lag(age(oldest));
        self.0.metrics.fold_lag(age(closing).max(0.0));
        Ok(Stepped::Idle)
    }
}

/// What one tick did.
struct Ticked {
    /// Deadlines that were looked at, the canary among them.
    looked_at: usize,
    moved: Vec<(Uuid, Rung)>,
    unreadable: Vec<(Uuid, Error)>,
    /// Of the rungs that moved on.
    spans: Vec<Span>,
    /// When the canary should have fired, if it did.
    canary: Option<Timestamp>,
}

/// Fires what is due in at most one batch of deadlines; answers how many there were, the canary counted as one.
pub(crate) async fn tick(app: &App) -> Result<usize, Error> {
    let (now, policies) = (app.db.now(), app.policies());
    let ticked = transaction!(app.db, "tick", |tx| -> Result<Ticked, Error> {
        let store::due::Found { mut deadlines, causes, unreadable, canary } =
            store::due::lock(tx, now, app.batch).await?;
        let looked_at = deadlines.len() + unreadable.len() + usize::from(canary);
        let mut moved = Vec::new();
        let mut calls = Vec::new();
        let mut breaches = Vec::new();
        // They end when the commit is told of.
        let mut spans = Vec::new();
        for deadline in &mut deadlines {
            for rung in deadline.fire(now, &policies) {
                let span = span(deadline.id, &rung, causes.get(&deadline.id));
                let trace_context = span.in_scope(rpc::trace_context::current);
                let call = routes::moved(deadline, &rung, now, app.late_after);
                calls.extend(call.map(|call| call.in_trace(trace_context.as_deref())));
                spans.push(span);
                breaches.push(deadline.fell_due(&rung, now, &policies));
                moved.push((deadline.id, rung));
            }
        }
        if !deadlines.is_empty() {
            store::rung::fire(tx, &moved).await?;
            store::deadline::reschedule(tx, &deadlines).await?;
            store::breach::append(tx, now, &breaches).await?;
            app.watches.wake_on_commit(tx, ());
            app.outbox.enqueue(tx, now, calls).await?;
        }
        if !unreadable.is_empty() {
            let ids: Vec<Uuid> = unreadable.iter().map(|(id, _)| *id).collect();
            store::due::put_off(tx, &ids, now.saturating_add(PUT_OFF).unwrap_or(Timestamp::MAX)).await?;
        }
        let canary = match canary {
            true => Some(store::canary::fire(tx, next_canary_time(now), now).await?),
            false => None,
        };
        Ok(Ticked { looked_at, moved, unreadable, spans, canary })
    })?;
    let Ticked { looked_at, moved, unreadable, spans, canary } = ticked;
    tell(app, &moved, &spans, now);
    drop(spans);
    if let Some(planned) = canary {
        let late = lateness(planned, now, app.late_after);
        app.metrics.canary_fired(now.duration_since(planned), late.is_some());
        if let Some(late) = late {
            tracing::warn!(?late, "the canary fired late: so did everything that was due");
        }
    }
    app.metrics.unreadable(unreadable.len());
    for (deadline, fault) in &unreadable {
        tracing::error!(%deadline, %fault, "a deadline that is due can't be read and is put off");
    }
    Ok(looked_at)
}

/// The beginning of a rung's trace, linked to the call that set its time: what fires it is that time has passed. A tick that has to be run
/// again leaves the spans of its first run behind, with nothing below them.
fn span(deadline: Uuid, rung: &Rung, cause: Option<&String>) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "rung",
        %deadline,
        clock = rung.key.clock.as_str(),
        level = rung.key.level,
        epoch = rung.key.epoch,
        state = rung.state.as_str(),
    );
    if let Some(cause) = cause {
        rpc::trace_context::link(&span, cause);
    }
    span
}

/// Counts and logs, after the commit.
fn tell(app: &App, moved: &[(Uuid, Rung)], spans: &[Span], now: Timestamp) {
    for ((deadline, rung), span) in moved.iter().zip(spans) {
        app.metrics.moved(rung);
        if rung.state != RungState::Superseded {
            span.in_scope(|| app.metrics.fired(rung));
        }
        let late = rung.fire_time.map(|planned| now.duration_since(planned));
        let (clock, level, state) = (rung.key.clock.as_str(), rung.key.level, rung.state.as_str());
        tracing::info!(%deadline, clock, level, epoch = rung.key.epoch, state, ?late, "a rung's time has come");
    }
}
