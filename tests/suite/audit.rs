//! Looking at the ticket service's rows from beside it.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use outbox::Outbox;
use prometheus_client::registry::Registry;
use store::{Db, Settings};
use ticket::assertions::{KeySource, StoredKey};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Part, Suite};

/// The ticket service's own check, on connections of its own.
#[derive(Debug)]
pub struct Audit(ticket::App);

/// Nobody's assertions are checked here.
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn published(&self) -> Result<Vec<StoredKey>> {
        Ok(Vec::new())
    }
}

// === impl Suite ===

impl Suite {
    /// The check of journals.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit(&self) -> Result<Audit> {
        let settings =
            Settings { max_connections: Some(1), ..Settings::for_url(self.database.url("otklik_ticket", "")) };
        let pool = store::connect(&settings, Part::Ticket.schema()).await?;
        let db = Db::new(pool, self.clock(), &mut Registry::default());
        let config =
            self.layers(Part::Ticket).load::<ticket::Service>().context("the ticket service's configuration")?;
        let outbox = Outbox::new(self.ring.clone());
        Ok(Audit(ticket::App::new(
            db,
            self.ring.clone(),
            outbox,
            Arc::new(NoKeys),
            &config.service,
            CancellationToken::new(),
        )?))
    }
}

// === impl Audit ===

impl Audit {
    /// What differs between an appeal's row and what its journal gives.
    ///
    /// # Errors
    /// The database is away, or there is no such appeal.
    pub async fn differs(&self, appeal: Uuid) -> Result<Option<String>> {
        ticket::audit::differs_from_journal(&self.0, appeal).await.map_err(|refusal| anyhow!("{refusal:?}"))
    }
}
