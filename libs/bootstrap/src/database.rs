//! The database at the start: waited for, then checked.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{PgPool, migrate::Migrator};
use store::{Db, Watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::admin::Probe;

/// Pause between two attempts to reach it.
const AGAIN: Duration = Duration::from_millis(500);

/// Whether the database answers, for `/readyz`.
pub(crate) struct DatabaseProbe(pub(crate) Arc<Watch>);

/// A pool that has had one connection. Waits for at most `patience`: services may start before their database does.
pub(crate) async fn connect(
    settings: &store::Settings,
    schema: &str,
    patience: Duration,
    stopper: &CancellationToken,
) -> anyhow::Result<PgPool> {
    patiently(patience, stopper, || async { Ok(store::connect(settings, schema).await?) }).await
}

/// Repeats a step of the start, which must bear it, while the database is away ([`store::Error::Unavailable`]): one that is being killed and started again, or is slow
/// under load, may go away between any two steps, and a start that ends then would take a whole all-in-one with it.
///
/// # Errors
/// The step's, once it is another or `patience` is over; or the stopper was cancelled.
pub async fn patiently<T, F: Future<Output = anyhow::Result<T>>>(
    patience: Duration,
    stopper: &CancellationToken,
    step: impl Fn() -> F,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + patience;
    let mut told = false;
    loop {
        let error = match step().await {
            Err(error) if is_away(&error) && Instant::now() < deadline => error,
            outcome => return outcome,
        };
        if !told {
            tracing::warn!(%error, ?patience, "waiting for the database");
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stopper.cancelled() => anyhow::bail!("stopped while waiting for the database: {error}"),
        }
    }
}

fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(store::Error::Unavailable(_)))
}

/// Refuses a schema that the code does not fit.
pub(crate) async fn check_schema(db: &Db, migrations: &[&Migrator]) -> anyhow::Result<()> {
    store::check_schema(db, migrations).await?;
    Ok(())
}

#[async_trait]
impl Probe for DatabaseProbe {
    async fn answers(&self) -> bool {
        self.0.time().await.is_ok()
    }
}
