//! Receipts: from the providers' queue to rows, then to the notification's state. A provider is answered only when its receipt is
//! stored, so a crash in between makes it send the receipt again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};
use store::{Error, Tx, transaction};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::settle;
use crate::App;
use crate::domain::DeliveryState;
use crate::providers::{Outcome, Receipt, ReceiptReceiver, join};
use crate::store::{notification, receipt};

/// Receipts recorded in one step.
const BATCH: usize = 100;
/// How soon a receipt is looked at when there was none before.
const IDLE: Duration = Duration::from_millis(100);
/// How long a receipt waits for its reference.
const PARKED: SignedDuration = SignedDuration::from_hours(72);

struct Receipts {
    app: Arc<App>,
    queue: Mutex<ReceiptReceiver>,
}

struct Forget(Arc<App>);

pub(super) fn loops(app: &Arc<App>, queue: ReceiptReceiver) -> [Loop; 2] {
    [
        Loop::new("receipts", IDLE, Receipts { app: Arc::clone(app), queue: Mutex::new(queue) }),
        Loop::new("sweep", Duration::from_secs(60), Forget(Arc::clone(app))),
    ]
}

#[async_trait]
impl Step for Receipts {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let mut queue = self.queue.lock().await;
        let mut count = 0;
        while count < BATCH {
            let Ok(arrived) = queue.try_recv() else { break };
            record(&self.app, &arrived.receipt).await?;
            arrived.recorded();
            count += 1;
        }
        Ok(Stepped::taken(count, BATCH))
    }
}

#[async_trait]
impl Step for Forget {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let mut connection = self.0.db.pool().acquire().await?;
        let gone = receipt::forget_parked(&mut connection, self.0.clock.now() - PARKED).await?;
        Ok(Stepped::worked(usize::try_from(gone)?))
    }
}

async fn record(app: &App, it: &Receipt) -> Result<(), Error> {
    let now = app.clock.now();
    transaction!(app.db, "record_receipt", |tx| -> Result<(), Error> {
        let mut owner = receipt::notification_of(tx, &it.provider, &it.reference).await?;
        if owner.is_none() {
            // Whoever is recording it this very moment is waited for.
            receipt::hold(tx, &it.provider, std::slice::from_ref(&it.reference)).await?;
            owner = receipt::notification_of(tx, &it.provider, &it.reference).await?;
        }
        let Some(owner) = owner else {
            return receipt::park(tx, &it.provider, &it.reference, it.state, now).await;
        };
        let told = notification::lock(tx, &[owner]).await?;
        let Some(delivery) = receipt::apply(tx, &it.provider, &it.reference, it.state).await? else {
            return Ok(());
        };
        join_parts(tx, delivery, now).await?;
        for told in told {
            settle::rise(app, tx, told, now).await?;
        }
        Ok(())
    })
}

/// Ends an accepted delivery when its parts have an outcome.
pub(super) async fn join_parts(tx: &mut Tx, delivery: Uuid, now: Timestamp) -> Result<(), Error> {
    let Some(parts) = receipt::parts_of(tx, delivery).await? else { return Ok(()) };
    let (state, reason) = match join(&parts.states) {
        Outcome::Pending => return Ok(()),
        Outcome::Delivered => (DeliveryState::Delivered, ""),
        Outcome::Failed { permanent: true } => (DeliveryState::Failed, "UNREACHABLE"),
        Outcome::Failed { permanent: false } => (DeliveryState::Failed, "NETWORK_GAVE_UP"),
        Outcome::Expired => (DeliveryState::Expired, "EXPIRED_UNDERWAY"),
    };
    receipt::end_delivery(tx, delivery, state.text(), reason, now).await
}
