//! What a service is given to build itself from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::SharedClock;
use outbox::{Once, Outbox};
use rpc::pages::Tokens;
use sealed::Ring;
use store::Db;
use tokio_util::sync::CancellationToken;

use crate::{Metrics, Peers, patiently};

/// Everything of a service that is not the service: made by [`crate::prepare`], in the same order everywhere. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// [`crate::Service::NAME`].
    pub name: &'static str,
    /// The only source of now.
    pub clock: SharedClock,
    /// The service's schema.
    pub db: Db,
    /// What personal data is sealed under.
    pub ring: Ring,
    /// Where the service's metrics are registered.
    pub metrics: Metrics,
    /// Cancelled when the service is to stop. Loops need not look at it: their runner does.
    pub stopper: CancellationToken,
    /// Cancelled `lifecycle.drain_notice` later, when connections take no more calls: the end of streams that would go on for ever.
    pub closing: CancellationToken,
    /// The services that this one calls.
    pub peers: Peers,
    /// Writes calls on peers inside a transaction.
    pub outbox: Outbox,
    /// Makes commands repeatable by their `request_id`.
    pub once: Once,
    /// Makes and opens page tokens.
    pub pages: Tokens,
    /// `[relay]`, for [`crate::relay_loops`].
    pub(crate) relay: outbox::Settings,
    pub(crate) database_wait: Duration,
    pub(crate) farewells: Farewells,
}

/// What is done when everything else has ended.
#[derive(Clone, Default)]
pub(crate) struct Farewells(Arc<Mutex<Vec<Farewell>>>);

type Farewell = Pin<Box<dyn Future<Output = ()> + Send>>;

// === impl Context ===

impl Context {
    /// [`patiently`], for what [`crate::Service::build`] does in the database.
    ///
    /// # Errors
    /// Those of [`patiently`].
    pub async fn patiently<T, F: Future<Output = anyhow::Result<T>>>(&self, step: impl Fn() -> F) -> anyhow::Result<T> {
        patiently(self.database_wait, &self.stopper, step).await
    }

    /// Runs `farewell` once loops and requests have ended, for a moment at most: a polite end of connections that they worked with.
    pub fn after_drain(&self, farewell: impl Future<Output = ()> + Send + 'static) {
        self.farewells.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(farewell));
    }
}

// === impl Farewells ===

impl Farewells {
    /// One after the other; what takes longer than `grace` altogether is cut off.
    pub(crate) async fn say(&self, grace: Duration) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            for farewell in all {
                farewell.await;
            }
        };
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::info!(?grace, "somebody did not let go in time");
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("name", &self.name).field("clock", &self.clock).finish_non_exhaustive()
    }
}
