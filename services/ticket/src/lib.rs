//! Ticket: registers citizens' appeals and leads them to their end, with the due time that it promised.
//!
//! ```text
//! grpc ──► commands ──► domain: decide(state, command) -> events       queries ──► store
//!             │   ╲──► store: row, journal, message
//!             │    ╲─► routes: events -> calls ──► outbox ──► sla, notification
//!             └──────► once: the same request is answered as it was the first time
//! loops: relay (delivers calls), verification_keys (fetches what assertions are checked with), watch (looks for those who watch),
//!        policy_sets (looks for what another replica was told to promise), pauses (reminds applicants whose turn it is, and goes on without them)
//! ```
//!
//! What fails when: without the database nothing is answered. Without the other services everything is: their calls wait in the outbox, and
//! assertions are checked with the keys known so far.

mod app;
pub mod assertions;
pub mod audit;
pub mod commands;
mod config;
mod desk;
mod domain;
mod grpc;
mod pauses;
pub mod queries;
mod routes;
mod store;
pub mod watches;

use std::sync::Arc;

use anyhow::Context as _;
use bootstrap::{Context, Loop, Parts};
use proto::Reason;
use proto::ticket::v1::ErrorReason;
use proto::ticket::v1::staff_service_server::StaffServiceServer;
use proto::ticket::v1::ticket_service_server::TicketServiceServer;
use sqlx::migrate::Migrator;

pub use app::App;
pub use config::Config;

use assertions::{Identity, Refresh};

/// The tables of this service.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// The service.
#[derive(Debug)]
pub struct Service;

impl bootstrap::Service for Service {
    const NAME: &'static str = "ticket";
    const SCHEMA: &'static str = "ticket";
    const DOMAIN: &'static str = <ErrorReason as Reason>::DOMAIN;
    const DEFAULTS: &'static str = include_str!("../config.default.toml");
    const ACCESS: &'static str = include_str!("../access.toml");
    const PEERS: &'static [&'static str] = &[routes::SLA, routes::NOTIFICATION, routes::IDENTITY];

    type Config = Config;

    fn migrations() -> Vec<&'static Migrator> {
        vec![&outbox::MIGRATIONS, &policies::MIGRATIONS, &MIGRATIONS]
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        config.check()
    }

    async fn build(ctx: &Context, config: Config) -> anyhow::Result<Parts> {
        person::Phone::get_ready();
        let keys = Arc::new(Identity(ctx.peers.client(routes::IDENTITY)?));
        let app = Arc::new(App::new(
            ctx.db.clone(),
            ctx.ring.clone(),
            ctx.outbox.clone(),
            keys,
            &config,
            ctx.closing.clone(),
        )?);
        ctx.metrics.with(|registry| {
            app.watches.register(registry, "otklik_ticket_watches", "Watches of appeals that are open in this process");
        });
        ctx.metrics.with(|registry| app.shelf.register(registry));
        // Nothing is promised before it is known what to promise.
        ctx.patiently(async || Ok(app.shelf.refresh().await?)).await.context("the published sets of policies")?;
        if config.staff.seed_samples {
            let seed = async || Ok(commands::seed_staff::run(&app).await?);
            ctx.patiently(seed).await.context("the sample members of staff")?;
        }
        let mut loops = bootstrap::relay_loops(ctx, Arc::new(outbox::NothingFollows))?;
        let refresh = Refresh(Arc::clone(&app.assertions));
        loops.push(Loop::new("verification_keys", config.assertions.refresh, refresh));
        loops.push(::watches::look_loop(&app.watches, Arc::clone(&app)));
        loops.push(policies::refresh_loop(&app.shelf));
        loops.push(ctx.metrics.with(|registry| pauses::pauses_loop(&app, registry)));
        let routes = tonic::service::Routes::new(TicketServiceServer::new(grpc::Tickets(Arc::clone(&app))))
            .add_service(StaffServiceServer::new(grpc::Staff(app)))
            .add_service(outbox::service(&ctx.db, &ctx.outbox));
        let services =
            vec!["otklik.ticket.v1.TicketService", "otklik.ticket.v1.StaffService", "otklik.outbox.v1.OutboxService"];
        Ok(Parts { routes, services, loops })
    }
}
