//! One cluster per test process, one database per test.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, mpsc};

use anyhow::{Context, Result, anyhow};
use tokio::sync::OnceCell;

use crate::cluster::Cluster;

/// The test process's own ephemeral cluster, started by the first who asks (about 0.6 s, blocking). It ends with the process.
///
/// # Errors
/// As [`Cluster::ephemeral`]; every later call repeats the first answer.
pub fn test_cluster() -> Result<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::ephemeral().map_err(|error| format!("{error:#}")));
    cluster.as_ref().map_err(|error| anyhow!("{error}"))
}

/// A migrated database that tests are copied from (about 30 ms each), so migrations run once per process.
#[derive(Debug, Clone)]
pub struct Template {
    database: String,
}

/// Made by the first who asks while the others wait; empty again when that failed.
type OnceTemplate = Arc<OnceCell<Template>>;

impl Template {
    /// The template `name` (of `[a-z0-9_]`), made by `migrate` at the first call in this process; later calls get the same one.
    /// `migrate` is given the superuser's URL of the new, empty database. What it left connected is cut off.
    ///
    /// # Errors
    /// What `migrate` answers; the next call then tries again from an empty database.
    pub async fn make<F, Fut>(name: &'static str, migrate: F) -> Result<Template>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<()>>,
    {
        static MADE: LazyLock<Mutex<HashMap<&'static str, OnceTemplate>>> = LazyLock::new(Mutex::default);
        let cell = MADE.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone();
        let template = cell.get_or_try_init(async || {
            let cluster = test_cluster()?;
            let database = format!("template_{name}");
            cluster.drop_database(&database).await?;
            cluster.create_database(&database).await?;
            migrate(cluster.admin_url_of(&database)).await.with_context(|| format!("making the template {name}"))?;
            // A copy needs a source that nobody is connected to.
            cluster.admin_sql(&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).await?;
            let lingering =
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
            cluster.admin_sql(&lingering).await?;
            Ok::<_, anyhow::Error>(Template { database })
        });
        template.await.cloned()
    }
}

/// A database for one test, dropped with this value (in the background; connections to it are cut).
#[derive(Debug)]
pub struct TestDatabase {
    cluster: &'static Cluster,
    name: String,
}

impl TestDatabase {
    /// A copy of `template`, or an empty database.
    ///
    /// # Errors
    /// As [`test_cluster`]; whatever Postgres refuses.
    pub async fn new(template: Option<&Template>) -> Result<TestDatabase> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let cluster = test_cluster()?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.copy_database(&name, template.map_or("template0", |it| &it.database)).await?;
        Ok(TestDatabase { cluster, name })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The superuser's URL.
    pub fn admin_url(&self) -> String {
        self.cluster.admin_url_of(&self.name)
    }

    /// A role's URL. The test cluster looks at no password.
    pub fn url(&self, role: &str, password: &str) -> String {
        self.cluster.url(&self.name, role, password)
    }

    /// The cluster that all databases of this process are in. Roles are the cluster's, not the database's.
    pub fn cluster(&self) -> &'static Cluster {
        self.cluster
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        static DROPPER: OnceLock<Option<mpsc::Sender<String>>> = OnceLock::new();
        let cluster = self.cluster;
        if let Some(dropper) = DROPPER.get_or_init(|| dropper(cluster)) {
            let _ = dropper.send(std::mem::take(&mut self.name));
        }
    }
}

/// A test's runtime is ending when its database is dropped, so the statement runs on a thread of its own.
fn dropper(cluster: &'static Cluster) -> Option<mpsc::Sender<String>> {
    let (sender, names) = mpsc::channel::<String>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let run = move || {
        for name in names {
            if let Err(error) = runtime.block_on(cluster.drop_database(&name)) {
                eprintln!("devpg: the database {name} stays until the process ends: {error:#}");
            }
        }
    };
    std::thread::Builder::new().name("devpg-dropper".to_owned()).spawn(run).ok()?;
    Some(sender)
}
