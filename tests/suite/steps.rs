//! Moving the loops by hand.

use std::sync::Arc;

use all_in_one::stepped;

use super::{Part, Replica, Suite};

/// More rounds than any test needs; a suite that is not quiet by then has two loops feeding each other.
const MOST_ROUNDS: usize = 200;

// === impl Suite ===

impl Suite {
    /// Steps every loop of every service until all are idle: everything that is due now has happened, and what follows from it. The
    /// suite's SMS centre sends receipts only when a test asks it to, so none is on its way.
    pub async fn settle(&self) {
        for _ in 0..MOST_ROUNDS {
            let mut worked = 0;
            for replica in self.replicas().await {
                worked += replica.round().await;
            }
            if worked == 0 {
                return;
            }
        }
        panic!("the suite does not come to rest");
    }

    /// One step of the loops of that name, in every replica of the service; answers what they did.
    pub async fn step(&self, part: Part, name: &str) -> usize {
        let mut worked = 0;
        for replica in self.replicas().await.iter().filter(|it| it.part == part) {
            worked += replica.step(name).await;
        }
        worked
    }

    /// One step of a service's relay.
    pub async fn relay_once(&self, part: Part) -> usize {
        self.step(part, "relay").await
    }

    /// One tick of the SLA monitor.
    pub async fn monitor_once(&self) -> usize {
        self.step(Part::Sla, "monitor").await
    }

    /// One round of the dispatcher.
    pub async fn dispatch_once(&self) -> usize {
        self.step(Part::Notification, "dispatch").await
    }

    /// Every running replica of every service.
    pub async fn replicas(&self) -> Vec<Arc<Replica>> {
        self.replicas.lock().await.clone()
    }
}

// === impl Replica ===

impl Replica {
    /// One step of each loop.
    pub async fn round(&self) -> usize {
        stepped::round(&self.loops).await.unwrap_or_else(|error| panic!("{}: {error:#}", self.part))
    }

    /// One step of the loops of that name.
    pub async fn step(&self, name: &str) -> usize {
        let mut worked = 0;
        let mut known = false;
        for it in self.loops.iter().filter(|it| it.name == name) {
            known = true;
            worked += stepped::step(it).await.unwrap_or_else(|error| panic!("{}: {error:#}", self.part));
        }
        assert!(known, "{} has no loop {name}", self.part);
        worked
    }
}
