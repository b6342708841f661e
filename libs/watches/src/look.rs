//! The loop that looks for all who watch.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::Timestamp;

use crate::{Position, Topic, Watches};

/// Where topics are looked at.
#[async_trait]
pub trait Source<T: Topic, P: Position>: Send + Sync + 'static {
    /// By the service's clock.
    fn now(&self) -> Timestamp;

    /// The last place of each topic, in one statement; none of one that has nothing to tell.
    ///
    /// # Errors
    /// Those of the statement.
    async fn last(&self, topics: &[T]) -> Result<HashMap<T, P>, store::Error>;
}

struct Look<T, P, S>(Watches<T, P>, Arc<S>);

/// The loop that looks for all who watch.
pub fn look_loop<T: Topic, P: Position>(watches: &Watches<T, P>, source: Arc<impl Source<T, P>>) -> Loop {
    let (wake, every) = (Arc::clone(&watches.0.wake), watches.0.config.poll);
    Loop::new("watch", every, Look(watches.clone(), source)).woken_by(wake)
}

#[async_trait]
impl<T: Topic, P: Position, S: Source<T, P>> Step for Look<T, P, S> {
    async fn step(&self) -> anyhow::Result<Stepped> {
        look(&self.0, &*self.1).await?;
        Ok(Stepped::Idle)
    }
}

/// Looks once, and tells the streams. No statement where nobody watches.
///
/// # Errors
/// Those of the statement; then nobody is told anything, not even that we are alive.
pub async fn look<T: Topic, P: Position>(
    watches: &Watches<T, P>,
    source: &impl Source<T, P>,
) -> Result<(), store::Error> {
    let now = source.now();
    let watched: Vec<T> = watches.places().topics.keys().copied().collect();
    if !watched.is_empty() {
        let last = source.last(&watched).await?;
        let places = watches.places();
        for topic in watched {
            let last = last.get(&topic).copied().unwrap_or_default();
            if let Some(sender) = places.topics.get(&topic) {
                // Also a lower one: after a database was restored, what is not there any more would be news for ever.
                sender.send_if_modified(|known| std::mem::replace(known, last) != last);
            }
        }
    }
    watches.0.looked.send_replace(now);
    Ok(())
}
