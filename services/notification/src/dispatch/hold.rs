//! The lease of a delivery in a worker's hands.
//!
//! It is taken anew right before the provider is called, and renewed while the call lasts. So it need not be as long as the slowest
//! provider, and what a killed worker held waits for a short time only.

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;
use store::Error;

use crate::App;
use crate::store::claim::{self, Claimed};
use crate::templates::Lane;

/// How often, by the machine's time, the service's clock is asked whether a third of the lease is over. Well under a third of the
/// shortest lease, also where that clock runs fast.
const LOOK: Duration = Duration::from_millis(100);

/// Takes the lease for its whole length, and notes that the provider is called; `None` when somebody else has the delivery.
pub(super) async fn begin(app: &App, lane: Lane, it: &Claimed) -> Result<Option<Timestamp>, Error> {
    let until = app.clock.now() + app.lease(lane);
    let mut connection = app.db.pool().acquire().await?;
    Ok(claim::hold(&mut connection, it.delivery_id, it.lease, until).await?.then_some(until))
}

/// Renews the lease whenever a third of it is over; never ends by itself. One that ran out is let go, since another worker may be at it:
/// what became of the call then counts only if none was.
pub(super) async fn renewing(app: &App, lane: Lane, it: &Claimed, mut until: Timestamp) -> Infallible {
    let lease = app.lease(lane);
    loop {
        tokio::time::sleep(LOOK).await;
        let now = app.clock.now();
        if now >= until {
            break;
        }
        if now + lease / 3 * 2 >= until {
            match begin(app, lane, it).await {
                Ok(Some(renewed)) => until = renewed,
                Ok(None) => break,
                // Two thirds are left to try it in.
                Err(error) => tracing::debug!(%error, "a lease can't be renewed"),
            }
        }
    }
    std::future::pending().await
}
