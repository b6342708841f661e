//! Forgets what no limit looks at any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};

use crate::{App, store};

struct Sweep(Arc<App>);

/// The loop that keeps `code_send` a day long.
pub(crate) fn sweep_loop(app: Arc<App>) -> Loop {
    Loop::new("sweep", Duration::from_secs(60), Sweep(app))
}

#[async_trait]
impl Step for Sweep {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let mut connection = self.0.db.pool().acquire().await?;
        let gone = store::code_send::purge(&mut connection, self.0.clock.now()).await?;
        Ok(Stepped::worked(usize::try_from(gone)?))
    }
}
