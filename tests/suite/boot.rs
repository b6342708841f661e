//! Building a suite: its database, its folder, its services.

use std::net::SocketAddr;
use std::sync::Arc;

use bootstrap::config::Layers;
use bootstrap::{Admin, Loop, Metrics, Overrides, Time};
use clock::ManualClock;
use devpg::{Template, TestDatabase};
use sealed::Ring;
use testkit::mailbox::Mailbox;
use testkit::smsc::Smsc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OnceCell};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ports::Held;
use super::{Access, Faults, Part, Suite, SuiteOptions};

/// Roles work without a password: the test cluster's only way in is a private socket.
const PASSWORD: &str = "";

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();

/// One running process's worth of a service.
pub struct Replica {
    /// Which service.
    pub part: Part,
    /// Where it answers.
    pub address: SocketAddr,
    /// Where operators look.
    pub admin: SocketAddr,
    /// Its loops, to be stepped by hand.
    pub loops: Vec<Loop>,
    /// What it measures.
    pub metrics: Metrics,
    stopper: CancellationToken,
    serving: Mutex<Option<JoinHandle<anyhow::Result<()>>>>,
}

// === impl Suite ===

impl Suite {
    /// A suite with something different.
    pub async fn with(options: SuiteOptions) -> Self {
        let template = TEMPLATE.get_or_init(make_template).await;
        let database = TestDatabase::new(Some(template)).await.expect("a database for the test");
        let start = options.start.unwrap_or_else(|| "2026-11-25T09:00:00Z".parse().expect("a Wednesday"));
        let hand = ManualClock::at(start);
        let places = Part::ALL.into_iter().map(|part| (part.name(), Held::new().expect("a free port"))).collect();
        let suite = Self {
            access: Access::new(hand.clone()),
            hand,
            faults: Faults::default(),
            smsc: Smsc::start().await,
            mailbox: Mailbox::start().await,
            database,
            ring: Ring::generate(),
            folder: tempfile::tempdir().expect("a folder for the test"),
            places,
            replicas: Mutex::default(),
            presets: options.presets,
        };
        std::fs::write(suite.folder.path().join("jwks.json"), suite.access.jwks()).expect("a file");
        for part in Part::ALL {
            let token = suite.access.token(part.name());
            std::fs::write(suite.folder.path().join(part.name()), token).expect("a file");
        }
        for part in Part::ALL.into_iter().filter(|part| !options.without.contains(part)) {
            suite.start_part(part).await;
        }
        suite
    }

    /// Starts a service that is not running, at the address its peers know.
    pub async fn start_part(&self, part: Part) -> Arc<Replica> {
        self.start_part_with(part, Time::Given(self.clock())).await
    }

    /// The same with a time of its own.
    pub async fn start_part_with(&self, part: Part, time: Time) -> Arc<Replica> {
        let listener = TcpListener::bind(self.address(part.name())).await.expect("the port that is ours");
        self.add(part, listener, time).await
    }

    /// Starts one more replica of a service, with a time of its own. Its peers don't know it: it only works.
    pub async fn add_replica(&self, part: Part, time: Time) -> Arc<Replica> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        self.add(part, listener, time).await
    }

    /// Where the peers of a service know it to be.
    pub(crate) fn address(&self, part: &str) -> SocketAddr {
        self.places[part].address
    }

    /// Stops every replica of a service and waits for their end.
    pub async fn stop_part(&self, part: Part) {
        let mut replicas = self.replicas.lock().await;
        let (ours, others) = replicas.drain(..).partition::<Vec<_>, _>(|it| it.part == part);
        *replicas = others;
        for replica in ours {
            replica.stop().await;
        }
    }

    async fn add(&self, part: Part, listener: TcpListener, time: Time) -> Arc<Replica> {
        let address = listener.local_addr().expect("bound");
        let stopper = CancellationToken::new();
        let faults = self.faults.clone();
        let overrides = Overrides {
            stopper: stopper.clone(),
            listener: Some(listener),
            admin: Admin::Listener(TcpListener::bind("127.0.0.1:0").await.expect("a free port")),
            time,
            ring: Some(self.ring.clone()),
            around_deliver: Some(Arc::new(move |_, inner| faults.around(inner))),
            ready: None,
        };
        let mut prepared =
            part.prepare(&self.layers(part), overrides).await.unwrap_or_else(|error| panic!("{part}: {error:#}"));
        let admin = prepared.admin_address().expect("the port is given");
        let loops = prepared.take_loops();
        let metrics = prepared.ctx.metrics.clone();
        let serving = Mutex::new(Some(tokio::spawn(prepared.run())));
        let replica = Arc::new(Replica { part, address, admin, loops, metrics, stopper, serving });
        self.replicas.lock().await.push(Arc::clone(&replica));
        replica
    }

    pub(crate) fn layers(&self, part: Part) -> Layers {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let role = format!("otklik_{}", part.schema());
        let mut layers = Layers::default()
            .preset("database.url", self.database.url(&role, PASSWORD))
            .preset("database.max_connections", 8)
            .preset("auth.jwks_file", path("jwks.json"))
            .preset("token.file", path(part.name()))
            .preset("lifecycle.drain_notice", "0s");
        for peer in part.peers() {
            layers = layers.preset(&format!("peers.{peer}.url"), format!("http://{}", self.address(peer)));
        }
        if part == Part::Ticket {
            layers = layers.preset("staff.seed_samples", true);
        }
        if part == Part::Notification {
            layers = layers
                .preset("sms.provider", "smpp")
                .preset("smpp.host", "127.0.0.1")
                .preset("smpp.port", i64::from(self.smsc.port()))
                .preset("smpp.system_id", "otklik")
                .preset("smpp.source_addr", "Gosuslugi")
                // The session comes back by the machine's time, which a test doesn't turn.
                .preset("smpp.reconnect_min_milliseconds", 1_i64)
                .preset("email.provider", "smtp")
                .preset("smtp.host", "127.0.0.1")
                .preset("smtp.port", i64::from(self.mailbox.port()))
                .preset("smtp.security", "none")
                .preset("smtp.from_address", "support@example.org");
        }
        for (_, key, value) in self.presets.iter().filter(|(it, ..)| *it == part) {
            layers = layers.preset(key, value.clone());
        }
        layers
    }
}

async fn make_template() -> Template {
    let migrate = |url: String| async move {
        let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await?;
        for part in Part::ALL {
            let role = format!("otklik_{}", part.schema());
            store::provision(&mut admin, &role, "unused").await?;
            // A test's connections are young, and a statement's first five plans would be a quarter of all that Postgres does for it.
            let plan_once = format!("ALTER ROLE {role} SET plan_cache_mode = force_generic_plan");
            sqlx::query(sqlx::AssertSqlSafe(plan_once)).execute(&mut admin).await?;
            store::migrate(&url, part.schema(), &role, &part.migrations()).await?;
        }
        Ok(())
    };
    Template::make("otklik", migrate).await.expect("four migrated schemas")
}

// === impl Replica ===

impl Replica {
    /// Drains and waits for the end.
    pub async fn stop(&self) {
        self.stopper.cancel();
        if let Some(serving) = self.serving.lock().await.take() {
            serving.await.expect("a service does not panic").expect("a drain is clean");
        }
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").field("part", &self.part).field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stopper.cancel();
    }
}
