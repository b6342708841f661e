//! Outboxes at rest: nothing waits, nothing is dead, and only what may be refused was.

use anyhow::{Result, ensure};
use jiff_sqlx::ToSqlx;

use crate::world::World;

const LEFT: &str = "
    WITH call AS (
        SELECT 'ticket' AS service, method, state, last_error, settle_time FROM ticket.outbox
        UNION ALL SELECT 'sla', method, state, last_error, settle_time FROM sla.outbox
        UNION ALL SELECT 'notification', method, state, last_error, settle_time FROM notification.outbox
        UNION ALL SELECT 'identity', method, state, last_error, settle_time FROM identity.outbox
    )
    SELECT service, method, state, coalesce(last_error, '') FROM call WHERE state = 'waiting'
    UNION ALL SELECT service, method, state, coalesce(last_error, '') FROM call WHERE state = 'dead'
    UNION ALL SELECT service, method, state, coalesce(last_error, '') FROM call
    WHERE state IN ('done', 'refused', 'dropped') AND settle_time >= $1 AND state <> 'done'";

/// What the ticket service may answer to a hand-over, and identity verification's outbox to a code whose time has passed.
const EXPECTED: [(&str, &str); 4] =
    [("sla", "APPEAL_CLOSED"), ("sla", "CLOCK_NOT_RUNNING"), ("sla", "EPOCH_STALE"), ("identity", "EXPIRED")];

// === impl World ===

impl World {
    pub(super) async fn check_outboxes(&mut self) -> Result<()> {
        let began = self.began.to_sqlx();
        let left: Vec<(String, String, String, String)> =
            sqlx::query_as(LEFT).bind(began).fetch_all(&mut self.db).await?;
        for (service, method, state, error) in left {
            let is_expected = state == "refused" && EXPECTED.contains(&(service.as_str(), error.as_str()));
            ensure!(is_expected, "{service}'s {method} is {state}: {error}");
        }
        let queued = "SELECT count(*) FROM notification.delivery WHERE state IN ('queued', 'sending')";
        let queued: i64 = sqlx::query_scalar(queued).fetch_one(&mut self.db).await?;
        ensure!(queued == 0, "{queued} deliveries are left");
        Ok(())
    }
}
