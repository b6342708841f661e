//! The migrations of a service, as a step of their own.

use crate::Service;

/// Applies the service's migrations with an administrator's URL and lets the service's role, `otklik_<schema>`, read and
/// write there. The role must exist. Run before the new code starts; new code also runs on the schema before its own.
///
/// # Errors
/// The database can't be reached or a migration failed; what was applied before it stays.
pub async fn migrate<S: Service>(admin_url: &str) -> anyhow::Result<()> {
    Ok(store::migrate(admin_url, S::SCHEMA, &role::<S>(), &S::migrations()).await?)
}

/// The role that a service works under.
pub fn role<S: Service>() -> String {
    format!("otklik_{}", S::SCHEMA)
}
