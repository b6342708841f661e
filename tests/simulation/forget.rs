//! Emptying the suite between two lists. It costs one round trip, while closing every appeal by its owner's word would be a third of a list; a
//! tenth of the lists does that too, as their last op.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::world::World;

/// What a suite has before anything happens: its people and where they are reached, its policies, keys, and which migrations ran.
const KEPT: &str = "relname IN ('member', 'recipient', 'policy_set', 'verification_key', 'sealed_key') OR relname LIKE '%\\_migrations'";

/// One statement for each table, whatever tables there are. Foreign keys are not looked at: what refers to a row goes with it.
pub async fn statements(db: &mut PgConnection) -> Result<String> {
    sqlx::query("SET session_replication_role = replica").execute(&mut *db).await?;
    let deletes = format!(
        "SELECT string_agg(format('DELETE FROM %I.%I', schemaname, relname), '; ') FROM pg_stat_user_tables
        WHERE schemaname IN ('ticket', 'sla', 'notification', 'identity') AND NOT ({KEPT})"
    );
    let deletes: Option<String> = sqlx::query_scalar(AssertSqlSafe(deletes)).fetch_one(db).await?;
    deletes.context("there are tables")
}

// === impl World ===

impl World {
    /// Everything that happened is gone: nothing of this list can happen during the next. All is at rest, so no service has any of it in hand.
    pub(crate) async fn forget(&mut self) -> Result<()> {
        let deletes = AssertSqlSafe(self.deletes.clone());
        sqlx::raw_sql(deletes).execute(&mut self.db).await.context("emptying the tables")?;
        Ok(())
    }
}
