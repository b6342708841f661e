//! What must hold when all is at rest.
//!
//! | what | compared with | what it would show |
//! |---|---|---|
//! | rows of `ticket.appeal` | our fold of the journal; the service's own replay | a row written without its event, or not at all |
//! | `sla.deadline`, `sla.clock` | the same fold | a promise lost, doubled, in the wrong order; a clock that runs on |
//! | `sla.rung` | escalations in the journal, one for one | a level that acted twice, or not, or for nobody |
//! | open appeals whose time has passed | levels that acted | nobody noticed |
//! | calls of `SendNotification` | notices that journal and rungs give and codes that were asked for, one for one | a message not asked for, twice, or for nothing |
//! | `notification.notification` | the same, one for one | a message told twice, or not at all |
//! | `submit_sm`, mails | deliveries, one for one | a message lost, sent to somebody else, or twice without a label |
//! | outcomes in the journal | states of notifications | a proof lost |
//! | outboxes | nothing | work left undone, dead calls |

mod arrivals;
mod asked;
mod notices;
mod outboxes;
mod promises;
mod rows;
mod rungs;
mod texts;

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::world::World;

// === impl World ===

impl World {
    /// Looks at everything.
    ///
    /// # Errors
    /// What should never be.
    pub async fn check(&mut self) -> Result<()> {
        self.check_outboxes().await.context("outboxes")?;
        if self.appeals.is_empty() {
            return Ok(());
        }
        self.check_rows().await.context("appeals")?;
        self.check_promises().await.context("promises")?;
        let rungs = self.check_rungs().await.context("rungs")?;
        let deliveries = self.deliveries().await?;
        self.check_asked(&rungs, &deliveries).await.context("notices")?;
        self.check_notices(&rungs, &deliveries).context("notices")?;
        self.collect();
        let noted = self.noted().await?;
        let told = self.told(&noted).context("texts")?;
        self.check_phones(&told, &deliveries, &rungs).context("texts")?;
        self.check_mails(&deliveries, &rungs, &noted).context("mails")?;
        self.check_texts(&told, &deliveries).context("texts")
    }

    fn ids(&self) -> Vec<Uuid> {
        self.appeals.iter().map(|it| it.id).collect()
    }

    fn names(&self) -> Vec<String> {
        self.appeals.iter().map(|it| it.name.clone()).collect()
    }
}
