//! Identity verification: who somebody is, and how surely (I1, I8).
//!
//! ```text
//!  citizen/portal        identity                                 notification        ticket
//!    StartVerification -> limits, row; code computed, not stored --outbox--> SMS with the code
//!    ConfirmCode       -> try counted under the row's lock, compared in constant time, committed, then told
//!    IssueAssertion    -> JWT bound to (appeal, action, level) ------------------------------> checked offline there
//! ```
//!
//! Failure handling: a code's message is sent by the outbox, so the answer does not wait for it and does not tell whether it
//! can be delivered. A wrong code is committed before it is told: killing the process wins no further tries.

mod assertion;
mod commands;
mod config;
mod domain;
mod grpc;
mod queries;
mod routes;
mod samples;
mod store;
mod sweep;

use std::sync::Arc;

use ::store::Db;
use anyhow::Context as _;
use bootstrap::{Context, Parts};
use clock::SharedClock;
use outbox::{NothingFollows, Once, Outbox};
use sealed::Ring;
use sqlx::migrate::Migrator;

pub use config::Config;

use crate::assertion::Assertions;
use crate::domain::{CodeKey, CodeRules, SendLimits};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// What every command and query works with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) clock: SharedClock,
    pub(crate) db: Db,
    pub(crate) ring: Ring,
    pub(crate) once: Once,
    pub(crate) outbox: Outbox,
    pub(crate) codes: CodeKey,
    pub(crate) rules: CodeRules,
    pub(crate) limits: SendLimits,
    pub(crate) assertions: Assertions,
}

/// The service as the bootstrap runs it.
#[derive(Clone, Copy, Debug)]
pub struct Service;

// === impl Service ===

impl bootstrap::Service for Service {
    const NAME: &'static str = "identity";
    const SCHEMA: &'static str = "identity";
    const DOMAIN: &'static str = "identity.otklik";
    const DEFAULTS: &'static str = include_str!("../config.default.toml");
    const ACCESS: &'static str = include_str!("../access.toml");
    const PEERS: &'static [&'static str] = &["notification"];

    type Config = Config;

    fn migrations() -> Vec<&'static Migrator> {
        vec![&outbox::MIGRATIONS, &MIGRATIONS]
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        config.check()
    }

    async fn build(ctx: &Context, config: Config) -> anyhow::Result<Parts> {
        person::Phone::get_ready();
        let app = Arc::new(App {
            clock: ctx.clock.clone(),
            db: ctx.db.clone(),
            ring: ctx.ring.clone(),
            once: ctx.once.clone(),
            outbox: ctx.outbox.clone(),
            codes: CodeKey::new(ctx.ring.subkey("verification-code")),
            rules: config.code.rules(),
            limits: config.limits.limits(),
            assertions: Assertions::new(&ctx.ring, &config.assertion)?,
        });
        if config.samples.seed {
            ctx.patiently(|| samples::seed(&app)).await.context("the sample citizen")?;
        }
        let mut loops = bootstrap::relay_loops(ctx, Arc::new(NothingFollows))?;
        loops.push(sweep::sweep_loop(Arc::clone(&app)));
        Ok(Parts { routes: grpc::routes(&app, ctx), services: grpc::SERVICES.to_vec(), loops })
    }
}
