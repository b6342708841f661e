//! Where the rows live: the Postgres that `DATABASE_URL` names, or a private cluster in the data folder.

use std::time::Duration;

use anyhow::{Context, Result};
use bootstrap::patiently;
use devpg::Cluster;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::{Home, Part};

/// How long a Postgres that dies while the schemas are made is waited for: it recovers within a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Postgres with an administrator's rights on one database.
#[derive(Debug)]
pub struct Database {
    admin_url: String,
    /// Stops with this value, unless another process on the folder runs it.
    cluster: Option<Cluster>,
}

// === impl Database ===

impl Database {
    /// `given` is `DATABASE_URL`: an administrator's, since roles and schemas are made.
    ///
    /// # Errors
    /// There is no Postgres and none can be installed, or it does not start.
    pub async fn open(
        home: &Home,
        given: Option<String>,
        ephemeral: bool,
        stopper: &CancellationToken,
    ) -> Result<Self> {
        if let Some(admin_url) = given {
            return Ok(Self { admin_url, cluster: None });
        }
        let folder = home.path("postgres");
        // Blocks for half a second at the first start, minutes when Postgres must be installed.
        let cluster =
            tokio::task::spawn_blocking(
                move || if ephemeral { Cluster::ephemeral() } else { Cluster::durable(folder) },
            )
            .await
            .context("starting Postgres")??;
        let create = || async { cluster.create_database("otklik").await.map_err(of_database) };
        patiently(PATIENCE, stopper, create).await.context("creating the database otklik")?;
        Ok(Self { admin_url: cluster.admin_url_of("otklik"), cluster: Some(cluster) })
    }

    /// The administrator's URL.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The private cluster, if there is one.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Makes a service's role and schema, and answers the URL of that role.
    ///
    /// # Errors
    /// The administrator of the URL has not the right, or Postgres is away.
    pub async fn prepare(&self, home: &Home, part: Part, stopper: &CancellationToken) -> Result<String> {
        let password = home.keep(&format!("roles/{}", part.name()), || format!("{:032x}", rand::random::<u128>()))?;
        let role = format!("otklik_{}", part.schema());
        patiently(PATIENCE, stopper, || self.migrate(part, &role, &password)).await?;
        with_login(&self.admin_url, &role, &password)
    }

    /// May be repeated after any part of it was done.
    async fn migrate(&self, part: Part, role: &str, password: &str) -> Result<()> {
        let connected = PgConnection::connect(&self.admin_url).await.map_err(store::Error::from);
        let mut admin = connected.context("connecting as administrator")?;
        store::provision(&mut admin, role, password).await.with_context(|| format!("making the role {role}"))?;
        admin.close().await.ok();
        store::migrate(&self.admin_url, part.schema(), role, &part.migrations())
            .await
            .with_context(|| format!("migrating the schema {}", part.schema()))
    }
}

/// The driver's error as ours, which says whether the database is only away.
fn of_database(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<sqlx::Error>() {
        Ok(error) => store::Error::from(error).into(),
        Err(error) => error,
    }
}

/// The same database for another role. The URL keeps its host, port, database and parameters.
fn with_login(url: &str, role: &str, password: &str) -> Result<String> {
    let mut url: url::Url = url.parse().context("DATABASE_URL is not a URL")?;
    url.set_username(role).ok().context("DATABASE_URL has no place for a role")?;
    url.set_password(Some(password)).ok().context("DATABASE_URL has no place for a password")?;
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;

    #[test]
    fn the_login_is_exchanged_and_nothing_else() {
        let url =
            with_login("postgres://postgres:a%40b@localhost:5432/otklik?host=%2Ftmp%2Fpg", "otklik_sla", "s3").unwrap();
        assert_eq!(url, "postgres://otklik_sla:s3@localhost:5432/otklik?host=%2Ftmp%2Fpg");
    }

    #[tokio::test]
    async fn a_postgres_killed_before_the_schemas_are_made_is_waited_for() {
        // 0755: started by root, Postgres runs as another user and must pass through.
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let stopper = CancellationToken::new();
        let database = Database::open(&home, None, false, &stopper).await.unwrap();
        let postmaster = database.cluster().unwrap().postmaster().unwrap();

        kill(Pid::from_raw(postmaster.cast_signed()), Signal::SIGKILL).unwrap();
        // Not before it is dead: a connection could slip in.
        while Path::new(&format!("/proc/{postmaster}/exe")).exists() {
            tokio::task::yield_now().await;
        }

        let url = database.prepare(&home, Part::Ticket, &stopper).await.unwrap();
        let mut service = PgConnection::connect(&url).await.unwrap();
        let migrations: i64 =
            sqlx::query_scalar("SELECT count(*) FROM ticket._ticket_migrations").fetch_one(&mut service).await.unwrap();
        assert_eq!(migrations, ::ticket::MIGRATIONS.iter().count() as i64);
    }
}
