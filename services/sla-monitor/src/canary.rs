//! Whether the canary still sings: how long it has been silent beyond its time, as any replica sees it.
//!
//! It is looked at by the loop that looks at the lag, which is not the one that fires. Where the database can't be asked the silence counts on from
//! what was last known: nothing fires then either. The canary is begun at the start, and again by this look should its row be gone, such as
//! with a restored database.

use std::sync::{Mutex, PoisonError};

use ::store::Error;
use jiff::{SignedDuration, Timestamp};

use crate::domain::next_canary_time;
use crate::{App, store};

/// What a replica knows of the canary.
#[derive(Debug)]
pub(crate) struct Canary {
    /// Silence from which on it is alarmed about.
    alarm_after: SignedDuration,
    /// When it was to fire next, at the last look.
    planned: Mutex<Option<Timestamp>>,
}

/// Begins it, unless it is under way.
pub(crate) async fn begin(app: &App) -> Result<(), Error> {
    let now = app.db.now();
    store::canary::begin(app.db.pool(), next_canary_time(now), now).await.map(drop)
}

/// Looks at it and tells its silence.
pub(crate) async fn look(app: &App) -> Result<(), Error> {
    let looked = planned(app).await;
    if let Ok(planned) = looked {
        *app.canary.planned() = Some(planned);
    }
    let silence = app.canary.silence(app.db.now());
    app.metrics.canary(silence, silence > app.canary.alarm_after);
    looked.map(drop)
}

async fn planned(app: &App) -> Result<Timestamp, Error> {
    if let Some(planned) = store::canary::planned(app.db.pool()).await? {
        return Ok(planned);
    }
    let now = app.db.now();
    let first = next_canary_time(now);
    if store::canary::begin(app.db.pool(), first, now).await? {
        tracing::warn!("the canary was gone and begins again");
    }
    Ok(first)
}

// === impl Canary ===

impl Canary {
    pub(crate) fn new(alarm_after: SignedDuration) -> Self {
        Self { alarm_after, planned: Mutex::new(None) }
    }

    /// How long it has been due.
    fn silence(&self, now: Timestamp) -> SignedDuration {
        let planned = *self.planned();
        planned.map_or(SignedDuration::ZERO, |planned| now.duration_since(planned).max(SignedDuration::ZERO))
    }

    fn planned(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
