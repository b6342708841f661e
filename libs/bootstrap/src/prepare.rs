//! From a configuration to a service that is ready to run. The same order for every service:
//!
//! ```text
//!  startup line -> admin port (not ready) -> database: wait -> clock: first look -> schema -> key ring
//!     -> peers -> Service::build -> access table -> listener                                  [prepare]
//!     -> loops -> serve -> SERVING, ready                                                      [run]
//!     -> stop: not ready, NOT_SERVING -> requests and steps in hand end -> farewells -> admin port closes
//! ```
//!
//! Telemetry comes before all of it and is `main`'s: one process may run several services.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use clock::{CorrectedClock, SharedClock, SystemClock};
use outbox::{Once, Outbox};
use rpc::{Server, ServerMetrics, ServerParts, auth::Verifier, pages::Tokens};
use store::{Db, Watch};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Admin, Context, Loop, Metrics, Overrides, Peers, Service, Step as _, Time,
    admin::{self, Readiness},
    config::{Common, Settings},
    context::Farewells,
    database::{self, DatabaseProbe, patiently},
    keyring,
    looping::LoopMetrics,
    timekeeping::{DatabaseTime, Timekeeper},
};

/// A service that is built and bound, and does nothing yet.
#[derive(Debug)]
pub struct Prepared {
    /// What it was built from.
    pub ctx: Context,
    /// Its loops. Take them out to step them by hand: [`Prepared::run`] runs those that are left.
    pub loops: Vec<Loop>,
    pub(crate) common: Common,
    pub(crate) server: Server,
    pub(crate) listener: TcpListener,
    pub(crate) readiness: Readiness,
    pub(crate) loop_metrics: LoopMetrics,
    pub(crate) admin: AdminPort,
    pub(crate) ready: Option<oneshot::Sender<()>>,
}

/// The operators' port; closed when this is dropped, so also when a start fails halfway.
#[derive(Debug)]
pub(crate) struct AdminPort {
    pub(crate) address: Option<SocketAddr>,
    task: Option<JoinHandle<()>>,
    stopped: DropGuard,
}

/// Does everything up to the first request.
///
/// # Errors
/// The text says what was being done; [`crate::config::ConfigError`] inside when starting again will not help.
pub async fn prepare<S: Service>(settings: Settings<S::Config>, overrides: Overrides) -> anyhow::Result<Prepared> {
    let printed = settings.print()?;
    tracing::info!(service = S::NAME, version = env!("CARGO_PKG_VERSION"), config = printed, "starting");
    settings.check::<S>(overrides.ring.is_some())?;
    let Settings { common, service } = settings;
    let Overrides { stopper, listener, admin, time, ring, around_deliver, ready } = overrides;
    let metrics = Metrics::default();
    let readiness = Readiness::new(stopper.clone());
    let admin = AdminPort::open(admin, &common, &metrics, &readiness).await?;

    let wait = common.lifecycle.database_wait;
    let pool = database::connect(&common.database, S::SCHEMA, wait, &stopper).await.context("the database")?;
    let watch = || async { Ok(Watch::connect(&common.database, S::SCHEMA).await?) };
    let watch = Arc::new(patiently(wait, &stopper, watch).await.context("the database")?);
    let (clock, timekeeper) = keep_time(time, &watch, &metrics, wait, &stopper).await?;
    let db = metrics.with(|registry| Db::new(pool, clock.clone(), registry));
    let migrations = S::migrations();
    let fits = || database::check_schema(&db, &migrations);
    patiently(wait, &stopper, fits).await.context("the schema")?;
    readiness.watch(Arc::new(DatabaseProbe(watch)));
    let open = || keyring::open(common.keys.file.as_deref(), ring.clone(), &db);
    let (ring, used) = patiently(wait, &stopper, open).await.context("the key ring")?;
    metrics.with(|registry| keyring::show(&ring, &used, registry));
    let peers = Peers::new(S::PEERS, &common, &metrics, around_deliver).context("the peers")?;
    let verifier = Verifier::start(common.auth.clone(), clock.clone()).await.context("[auth]")?;

    let ctx = Context {
        name: S::NAME,
        once: Once::new(ring.clone(), clock.clone()),
        outbox: Outbox::new(ring.clone()),
        pages: Tokens::new(&ring.subkey("page-tokens")),
        clock: clock.clone(),
        db,
        ring,
        metrics: metrics.clone(),
        stopper,
        closing: CancellationToken::new(),
        peers,
        relay: common.relay.clone(),
        database_wait: wait,
        farewells: Farewells::default(),
    };
    let parts = S::build(&ctx, service).await.context("building the service")?;
    let server = Server::new(ServerParts {
        domain: S::DOMAIN,
        config: &common.server(),
        routes: parts.routes,
        services: &parts.services,
        access: S::ACCESS,
        descriptors: &[proto::FILE_DESCRIPTOR_SET],
        verifier,
        metrics: metrics.with(ServerMetrics::register),
        closing: ctx.closing.clone(),
    })
    .await
    .context("the server")?;
    let listener = match listener {
        Some(listener) => listener,
        None => TcpListener::bind(common.grpc.listen).await.context("`grpc.listen`")?,
    };
    let loop_metrics = metrics.with(|registry| LoopMetrics::new(registry, clock));
    let loops = parts.loops.into_iter().chain(timekeeper).collect();
    Ok(Prepared { ctx, loops, common, server, listener, readiness, loop_metrics, admin, ready })
}

/// The service's clock, and the loop that keeps it right. Looks at the reference once before anything may ask for the time.
async fn keep_time(
    time: Time,
    watch: &Arc<Watch>,
    metrics: &Metrics,
    wait: Duration,
    stopper: &CancellationToken,
) -> anyhow::Result<(SharedClock, Option<Loop>)> {
    let (local, reference) = match time {
        Time::Given(clock) => return Ok((clock, None)),
        Time::Machine => (Arc::new(SystemClock) as SharedClock, None),
        Time::Corrected { local, reference } => (local, reference),
    };
    let reference = reference.unwrap_or_else(|| Arc::new(DatabaseTime(Arc::clone(watch))));
    let clock = CorrectedClock::new(local);
    let timekeeper = Timekeeper::new(clock.clone(), reference, metrics);
    patiently(wait, stopper, || timekeeper.step()).await.context("the database's time")?;
    Ok((Arc::new(clock), Some(timekeeper.into_loop())))
}

// === impl Prepared ===

impl Prepared {
    /// Where it will answer.
    ///
    /// # Errors
    /// The listener is unusable.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Where operators look; `None` when the port is off.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address
    }

    /// Takes all loops out, to be stepped by hand.
    pub fn take_loops(&mut self) -> Vec<Loop> {
        std::mem::take(&mut self.loops)
    }
}

// === impl AdminPort ===

impl AdminPort {
    async fn open(port: Admin, common: &Common, metrics: &Metrics, readiness: &Readiness) -> anyhow::Result<Self> {
        let stopped = CancellationToken::new();
        let listener = match port {
            Admin::Off => None,
            Admin::Listener(listener) => Some(listener),
            Admin::Configured => Some(TcpListener::bind(common.admin.listen).await.context("`admin.listen`")?),
        };
        let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let serve = |it| tokio::spawn(admin::serve(it, metrics.clone(), readiness.clone(), stopped.clone()));
        Ok(Self { address, task: listener.map(serve), stopped: stopped.clone().drop_guard() })
    }

    /// Closes the port at the end of a drain.
    pub(crate) async fn close(self) {
        drop(self.stopped);
        if let Some(task) = self.task {
            // A scraper that keeps its connection open must not hold up the end of the process.
            let _ = tokio::time::timeout_at(Instant::now() + Duration::from_secs(1), task).await;
        }
    }
}
