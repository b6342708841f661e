//! It is the applicant's turn: they are reminded of it, and when it has lasted long enough, the appeal goes on without their answer.
//!
//! ```text
//!  RequestInfo ──► suspension ──this loop, at its remind time──► APPLICANT_REMINDED, they are told once more
//!                    │    └─────this loop, at its resume time──► PAUSE_ENDED, the clocks run on, both are told
//!                    └──ProvideInfo, resolved, withdrawn──► closed: nothing is left to look at
//! ```
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | it dies halfway | the pause is found again: its end, the new due times and the notices are one transaction, and so is a reminder |
//! | two replicas | the second one finds it done, under the appeal's lock |
//! | the applicant answers at that moment | whoever locks first; the other finds it ended |
//! | it can't be done, say past the calendar's horizon | it is put off by ten minutes, counted and told in the log; the others go on |
//! | it is late | `otklik_ticket_pause_lag_seconds` tells by how much |

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::SignedDuration;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

use crate::app::App;
use crate::commands::look_at_pause;
use crate::store::suspension;

/// Between two looks: nobody waits for this by the second.
const EVERY: Duration = Duration::from_secs(5);
/// Looked at in one step.
const BATCH: i64 = 100;
/// Until one that can't be looked at is tried again.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(10);

/// The loop, with its metrics.
pub(crate) fn pauses_loop(app: &Arc<App>, registry: &mut Registry) -> Loop {
    let (lag, put_off) = (Gauge::<f64, AtomicU64>::default(), Counter::default());
    registry.register_with_unit(
        "otklik_ticket_pause_lag",
        "By how long the reminder or the end of a pause is overdue that is the oldest; looked at every 5 s",
        Unit::Seconds,
        lag.clone(),
    );
    registry.register(
        "otklik_ticket_pauses_put_off",
        "Times that a pause could be neither ended nor reminded of, and was put off by ten minutes: a person has to look at the log",
        put_off.clone(),
    );
    Loop::new("pauses", EVERY, Pauses { app: Arc::clone(app), lag, put_off })
}

struct Pauses {
    app: Arc<App>,
    lag: Gauge<f64, AtomicU64>,
    put_off: Counter,
}

#[async_trait]
impl Step for Pauses {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let (app, now) = (&self.app, self.app.now());
        let due = suspension::overdue(app.db.pool(), now, BATCH).await?;
        for pause in &due {
            match look_at_pause::run(app, pause).await {
                // Somebody was faster, or its time to be looked at was written by somebody who was slower.
                Ok(next) => suspension::look_at(app.db.pool(), pause, next).await?,
                Err(refusal) if refusal.code() == Code::Unavailable || refusal.code() == Code::Aborted => {
                    return Err(anyhow::anyhow!("looking at a pause: {refusal:?}"));
                }
                Err(refusal) => {
                    tracing::error!(appeal = %pause.appeal, ?refusal, "a pause can't be looked at and is put off");
                    self.put_off.inc();
                    suspension::look_at(app.db.pool(), pause, now.checked_add(PUT_OFF).ok()).await?;
                }
            }
        }
        let oldest = suspension::oldest(app.db.pool(), now).await?;
        self.lag.set(oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64()));
        Ok(Stepped::taken(due.len(), BATCH as usize))
    }
}
