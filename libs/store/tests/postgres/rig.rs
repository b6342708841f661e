//! A database of its own for every test, with the shared tables in schema `shared`.

use clock::ManualClock;
use devpg::TestDatabase;
use prometheus_client::registry::Registry;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use store::{Db, Settings};

/// The migrations every schema has; their record is `_outbox_migrations` as in libs/outbox.
pub fn shared() -> Migrator {
    let mut migrator = sqlx::migrate!("../outbox/migrations");
    migrator.dangerous_set_table_name("_outbox_migrations");
    migrator
}

/// A migrated database with a role of its own, and a pool that works as that role.
pub struct Rig {
    pub db: Db,
    pub registry: Registry,
    pub settings: Settings,
    pub admin_url: String,
    pub role: String,
    _database: TestDatabase,
}

impl Rig {
    pub async fn new() -> Rig {
        let database = TestDatabase::new(None).await.unwrap();
        // Roles are the cluster's, so each test has its own.
        let role = format!("role_of_{}", database.name());
        let admin_url = database.admin_url();
        let mut admin = PgConnection::connect(&admin_url).await.unwrap();
        store::provision(&mut admin, &role, "it's").await.unwrap();
        store::migrate(&admin_url, "shared", &role, &[&shared()]).await.unwrap();
        let settings = Settings { max_connections: Some(4), ..Settings::for_url(database.url(&role, "it's")) };
        let mut registry = Registry::default();
        let pool = store::connect(&settings, "shared").await.unwrap();
        let clock = ManualClock::at("2026-01-05T09:00:00Z".parse().unwrap());
        let db = Db::new(pool, Arc::new(clock), &mut registry);
        Rig { db, registry, settings, admin_url, role, _database: database }
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}
