//! What a service is given to build itself from.

use clock::SharedClock;
use store::Db;
use tokio_util::sync::CancellationToken;

use crate::Metrics;

/// Everything of a service that is not the service: made by [`crate::run`] in the same order everywhere. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// [`crate::Service::NAME`].
    pub name: &'static str,
    /// The only source of now.
    pub clock: SharedClock,
    /// The service's schema.
    pub db: Db,
    /// Where the service's metrics are registered.
    pub metrics: Metrics,
    /// Cancelled when the service is to stop. Loops need not look at it: their runner does.
    pub stopper: CancellationToken,
}
