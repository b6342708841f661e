//! Notification: tells people, once each, and tells the service that asked what became of it (N1-N7).
//!
//! ```text
//!  ticket, identity, sla --SendNotification--> notification + one delivery a channel (one transaction)
//!                                                        |
//!        dispatcher, a loop a lane: lease, render, send, record --> SMS centre, mail relay, console
//!                                                        |                        |
//!  RecordNoticeOutcome <--outbox-- state rises <---------+<-------- receipts -----+
//! ```
//!
//! Failure handling is told where it happens: attempts and leases in [`dispatch`], hand-over in [`providers`].

mod channels;
mod commands;
mod config;
mod dispatch;
mod domain;
mod grpc;
mod metrics;
pub mod providers;
mod queries;
mod routes;
mod store;
pub mod templates;

use std::sync::Arc;

use ::store::Db;
use bootstrap::{Context, Parts};
use clock::SharedClock;
use jiff::SignedDuration;
use outbox::{NothingFollows, Once, Outbox};
use rpc::pages::Tokens;
use sealed::Ring;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

pub use config::{
    Config, DispatchConfig, EmailConfig, EmailProvider, PerLane, RetryConfig, SmsConfig, SmsProvider, Span,
};

use crate::channels::Channels;
use crate::config::signed;
use crate::dispatch::Wakes;
use crate::domain::{Retries, Unknown};
use crate::metrics::Metrics;
use crate::templates::{Catalogue, Lane};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Receipts waiting to be recorded; beyond it SMS centres are asked to come again.
const RECEIPTS: usize = 1_000;

/// What every command, query and worker works with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) clock: SharedClock,
    pub(crate) db: Db,
    pub(crate) ring: Ring,
    pub(crate) once: Once,
    pub(crate) outbox: Outbox,
    pub(crate) pages: Tokens,
    pub(crate) templates: Catalogue,
    pub(crate) providers: Channels,
    pub(crate) wakes: Wakes,
    pub(crate) metrics: Metrics,
    pub(crate) doubt: SignedDuration,
    pub(crate) stopper: CancellationToken,
    pub(crate) unknown_recipient: Unknown,
    leases: PerLane<Span>,
    retries: PerLane<Retries>,
}

/// The service as the bootstrap runs it.
#[derive(Clone, Copy, Debug)]
pub struct Service;

// === impl App ===

impl App {
    pub(crate) fn retries(&self, lane: Lane) -> &Retries {
        self.retries.of_ref(lane)
    }

    /// How long nobody else may have what a worker of the lane holds.
    pub(crate) fn lease(&self, lane: Lane) -> SignedDuration {
        signed(self.leases.of(lane).0)
    }
}

// === impl Service ===

impl bootstrap::Service for Service {
    const NAME: &'static str = "notification";
    const SCHEMA: &'static str = "notification";
    const DOMAIN: &'static str = "notification.otklik";
    const DEFAULTS: &'static str = include_str!("../config.default.toml");
    const ACCESS: &'static str = include_str!("../access.toml");
    const PEERS: &'static [&'static str] = &["ticket", "identity", "sla"];

    type Config = Config;

    fn migrations() -> Vec<&'static Migrator> {
        vec![&outbox::MIGRATIONS, &MIGRATIONS]
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        config.check()
    }

    async fn build(ctx: &Context, config: Config) -> anyhow::Result<Parts> {
        person::Phone::get_ready();
        let (sender, receiver) = providers::receipts(RECEIPTS);
        let app = Arc::new(App {
            clock: ctx.clock.clone(),
            db: ctx.db.clone(),
            ring: ctx.ring.clone(),
            once: ctx.once.clone(),
            outbox: ctx.outbox.clone(),
            pages: ctx.pages.clone(),
            templates: Catalogue::builtin(&config.templates)?,
            providers: Channels::new(&config, &ctx.clock, &sender)?,
            wakes: Wakes::new(),
            metrics: ctx.metrics.with(|registry| Metrics::register(registry, sender.all_ignored())),
            doubt: signed(config.dispatch.doubt),
            stopper: ctx.stopper.clone(),
            unknown_recipient: config.unknown_recipient.parse()?,
            leases: config.dispatch.lease.clone(),
            retries: config.retries()?,
        });
        let providers = app.providers.clone();
        ctx.after_drain(async move { providers.stop().await });
        let mut loops = bootstrap::relay_loops(ctx, Arc::new(NothingFollows))?;
        loops.extend(dispatch::loops(&app, &config.dispatch, receiver));
        Ok(Parts { routes: grpc::routes(&app, ctx), services: grpc::SERVICES.to_vec(), loops })
    }
}
