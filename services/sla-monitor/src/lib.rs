//! The SLA monitor: watches what was promised, and acts when it nears and passes (L6, L7).
//!
//! ```text
//!  ticket            sla-monitor                                         ticket            notification
//!    Track/Update/Stop ──► clocks as given, rungs by libs/deadline
//!                          tick: due? one transaction: rung + call ─────► EscalateAppeal
//!                          rung ACTED, or SUPPRESSED ◄─────────────────── OK, or a typed refusal
//!                          resolution ──────────────────────────────────────────────────────► overdue_repeat
//!                          RecordNoticeOutcome ◄────────────────────────────────────────────── sent, delivered, ...
//!                          the journal's entries ───────────────────────► RecordDeadlineOutcome
//!    every hour: does it fit together? ────────────────────────────► ListPromises
//!    MendDeadline ─────────────────────────────────────────────────► RetellPromise
//!    PublishCalendar, PublishPolicy ──► a set ─────────────────────────► PutPolicySet
//!    StartRebase ──► what is promised already, page by page ───────────► RebaseAppeal
//!    GetReport ◄── sums ◄── fold ◄── clocks that are over
//!    WatchBreaches ◄── log ◄── what fires, is answered, or is done late
//! ```
//!
//! The promise is the ticket service's and kept as given, also where our own arithmetic differs; the rungs are ours. How they move is in
//! `domain`, what fires them in `monitor`, which calls follow in `routes`; how promises were kept is summed up by `fold`, what happens to
//! them is told by `watches`, what looks whether it all fits together is in `reconcile`, and a change applied to what is promised is a `rebase`.
//!
//! Failure handling: everything is one transaction with its calls, so a crash at any point loses nothing and doubles nothing. Track, update and stop
//! carry the whole state under a revision and may arrive in any order, late or twice; a hand-over that comes too late is refused by
//! the owner of the state, and its rung armed again by the epoch that made it late, whichever of the two is heard of first.

mod canary;
mod commands;
mod config;
mod domain;
mod fold;
mod follow;
mod grpc;
mod metrics;
mod monitor;
mod notices;
mod promises;
mod purge;
mod queries;
mod rebase;
mod reconcile;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod watches;
mod words;

use std::sync::Arc;

use ::store::Db;
use anyhow::Context as _;
use bootstrap::{Context, Parts};
use jiff::SignedDuration;
use outbox::{Once, Outbox};
use policies::Shelf;
use rpc::pages::Tokens;
use sqlx::migrate::Migrator;

pub use config::{
    BreachesConfig, CalendarsConfig, CanaryConfig, Config, FiguresConfig, MonitorConfig, NoticeConfig, ReconcilerConfig,
};

use crate::domain::Policies;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::watches::Watches;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// What commands, queries and loops work with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) db: Db,
    pub(crate) once: Once,
    pub(crate) outbox: Outbox,
    pub(crate) pages: Tokens,
    /// The published sets of policies.
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) metrics: Metrics,
    /// Most deadlines of one tick.
    pub(crate) batch: u32,
    /// Lateness from which a rung is labelled.
    pub(crate) late_after: SignedDuration,
    /// How long a repeat notice is worth sending.
    pub(crate) notice_lifetime: SignedDuration,
    /// From when on the end of a calendar is alarmed about.
    pub(crate) alarm_before: SignedDuration,
    /// How closings are folded and figures kept.
    pub(crate) figures: FiguresConfig,
    /// What is known of the canary.
    pub(crate) canary: Arc<canary::Canary>,
    /// How long what happened is kept.
    pub(crate) keep_breaches: SignedDuration,
    /// Who watches it.
    pub(crate) watches: Watches,
}

// === impl App ===

impl App {
    /// What promises are watched by, as it is known now.
    pub(crate) fn policies(&self) -> Policies {
        Policies::new(self.shelf.published())
    }
}

/// The service as the bootstrap runs it.
#[derive(Clone, Copy, Debug)]
pub struct Service;

// === impl Service ===

impl bootstrap::Service for Service {
    const NAME: &'static str = "sla";
    const SCHEMA: &'static str = "sla";
    const DOMAIN: &'static str = "sla.otklik";
    const DEFAULTS: &'static str = include_str!("../config.default.toml");
    const ACCESS: &'static str = include_str!("../access.toml");
    const PEERS: &'static [&'static str] = &["ticket", "notification"];

    type Config = Config;

    fn migrations() -> Vec<&'static Migrator> {
        vec![&outbox::MIGRATIONS, &policies::MIGRATIONS, &MIGRATIONS]
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        config.check()
    }

    async fn build(ctx: &Context, config: Config) -> anyhow::Result<Parts> {
        let app = Arc::new(App {
            db: ctx.db.clone(),
            once: ctx.once.clone(),
            outbox: ctx.outbox.clone(),
            pages: ctx.pages.clone(),
            shelf: Arc::new(Shelf::new(ctx.db.clone())),
            metrics: ctx.metrics.with(Metrics::register),
            batch: config.monitor.batch,
            late_after: config::signed(config.monitor.late_after),
            notice_lifetime: config::signed(config.notice.lifetime),
            alarm_before: config::signed(config.calendars.alarm_before),
            figures: config.figures.clone(),
            canary: Arc::new(canary::Canary::new(config::signed(config.canary.alarm_after))),
            keep_breaches: config::signed(config.breaches.keep),
            watches: Watches::new(config.watch.clone(), ctx.closing.clone(), watches::ended),
        });
        ctx.metrics.with(|registry| app.shelf.register(registry));
        ctx.metrics.with(|registry| {
            app.watches.register(registry, "otklik_sla_watches", "Watches of breaches that are open in this process");
        });
        // A promise is checked against the set it was made under.
        ctx.patiently(async || Ok(app.shelf.refresh().await?)).await.context("the published sets of policies")?;
        ctx.patiently(async || Ok(commands::publish::tell_again(&app).await?))
            .await
            .context("the published sets of policies")?;
        ctx.patiently(async || Ok(canary::begin(&app).await?)).await.context("the canary")?;
        app.metrics.horizons(&app.shelf.published(), app.db.now(), app.alarm_before);
        let mut loops = bootstrap::relay_loops(ctx, Arc::new(Follower(Arc::clone(&app))))?;
        loops.push(monitor::monitor_loop(&app, config.monitor.idle));
        loops.push(monitor::lag_loop(&app));
        loops.push(fold::fold_loop(&app, config.figures.idle));
        loops.push(purge::purge_loop(&app));
        loops.push(rebase::rebase_loop(&app));
        let promises = Arc::new(promises::Ticket(ctx.peers.client(routes::TICKET)?));
        loops.push(reconcile::reconcile_loop(&app, promises, &config.reconciler));
        loops.push(::watches::look_loop(&app.watches, Arc::clone(&app)));
        loops.push(policies::refresh_loop(&app.shelf));
        Ok(Parts { routes: grpc::routes(&app, ctx), services: grpc::SERVICES.to_vec(), loops })
    }
}
