//! Where the rows live: the Postgres that `DATABASE_URL` names, or a private cluster in the data folder.

use anyhow::{Context, Result};
use devpg::Cluster;
use sqlx::{Connection, PgConnection};

use crate::{Home, Part};

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
    pub async fn open(home: &Home, given: Option<String>, ephemeral: bool) -> Result<Self> {
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
        cluster.create_database("otklik").await.context("creating the database otklik")?;
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
    pub async fn prepare(&self, home: &Home, part: Part) -> Result<String> {
        let password = home.keep(&format!("roles/{}", part.name()), || format!("{:032x}", rand::random::<u128>()))?;
        let role = format!("otklik_{}", part.schema());
        let mut admin = PgConnection::connect(&self.admin_url).await.context("connecting as administrator")?;
        store::provision(&mut admin, &role, &password).await.with_context(|| format!("making the role {role}"))?;
        admin.close().await.ok();
        store::migrate(&self.admin_url, part.schema(), &role, &part.migrations())
            .await
            .with_context(|| format!("migrating the schema {}", part.schema()))?;
        with_login(&self.admin_url, &role, &password)
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
    use super::with_login;

    #[test]
    fn the_login_is_exchanged_and_nothing_else() {
        let url =
            with_login("postgres://postgres:a%40b@localhost:5432/otklik?host=%2Ftmp%2Fpg", "otklik_sla", "s3").unwrap();
        assert_eq!(url, "postgres://otklik_sla:s3@localhost:5432/otklik?host=%2Ftmp%2Fpg");
    }
}
