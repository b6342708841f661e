//! Brings the gauges of what waits up to date. A loop of its own: it must tell when those that send hang.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};

use super::LANES;
use crate::App;
use crate::store::waiting::waiting;

/// What the gauges' help texts promise.
const OBSERVE: Duration = Duration::from_secs(15);
/// Where they stop counting.
const COUNT_LIMIT: i64 = 100_000;

struct Gauges(Arc<App>);

pub(super) fn gauges_loop(app: &Arc<App>) -> Loop {
    Loop::new("dispatch-gauges", OBSERVE, Gauges(Arc::clone(app)))
}

#[async_trait]
impl Step for Gauges {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let app = &self.0;
        let now = app.clock.now();
        for lane in LANES {
            let found = waiting(app.db.pool(), lane, COUNT_LIMIT).await?;
            let oldest = found.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
            app.metrics.waits(lane, found.count, oldest);
        }
        Ok(Stepped::Idle)
    }
}
