//! Tables and indexes after so many appeals, and what the purge gives back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context as _, Result, ensure};
use bootstrap::config::Layers;
use bootstrap::{Admin, Overrides, Stepped, Time};
use clock::SystemClock;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::net::TcpListener;

use crate::Stage;
use crate::figure::{bytes, grouped, number, time};
use crate::postgres::{count, execute};
use crate::report::Table;
use tests::free_ports;

/// Calls and messages on their way, of all services.
pub async fn left(url: &str) -> Result<usize> {
    let statement = "SELECT (SELECT count(*) FROM ticket.outbox WHERE state = 'waiting')
        + (SELECT count(*) FROM sla.outbox WHERE state = 'waiting')
        + (SELECT count(*) FROM notification.outbox WHERE state = 'waiting')
        + (SELECT count(*) FROM notification.delivery WHERE state IN ('queued', 'sending'))";
    let mut admin = PgConnection::connect(url).await?;
    Ok(usize::try_from(count(&mut admin, statement).await?)?)
}

/// Every table that grew, by appeals that came within `took`.
/// `left`: what still waited then, in words.
pub async fn table(url: &str, appeals: usize, took: Duration, left: &str) -> Result<Table> {
    let mut admin = PgConnection::connect(url).await?;
    // What the statistics have not heard of yet is not told otherwise.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rows = sqlx::query(
        "SELECT schemaname || '.' || relname AS name, pg_table_size(relid) AS heap, pg_indexes_size(relid) AS indexes,
            n_live_tup AS live, n_dead_tup AS dead, autovacuum_count AS vacuums
        FROM pg_stat_user_tables WHERE schemaname IN ('ticket', 'sla', 'notification', 'identity') AND n_live_tup + n_dead_tup >= $1
        ORDER BY pg_total_relation_size(relid) DESC",
    )
    .bind(i64::try_from(appeals)? / 10)
    .fetch_all(&mut admin)
    .await?;
    let (mut lines, mut all) = (Vec::new(), 0);
    for row in &rows {
        let of = |column: &str| row.get::<i64, _>(column);
        let (heap, indexes) = (of("heap").unsigned_abs(), of("indexes").unsigned_abs());
        all += heap + indexes;
        let each = number((heap + indexes) as f64 / appeals as f64);
        let name = format!("`{}`", row.get::<&str, _>("name"));
        lines.push(vec![
            name,
            grouped(of("live")),
            bytes(heap),
            bytes(indexes),
            each,
            grouped(of("dead")),
            of("vacuums").to_string(),
        ]);
    }
    let each = number(all as f64 / appeals as f64);
    lines.push(vec!["all".to_owned(), String::new(), String::new(), bytes(all), each, String::new(), String::new()]);
    let caption = format!(
        "Disk after {} appeals with what follows ({left}), tables of a tenth as many rows and more. An hour brings as many at {} per s; here they \
         came in {}, and autovacuum looks every 10 s here in place of every minute",
        grouped(i64::try_from(appeals)?),
        appeals / 3600,
        time(took),
    );
    Ok(Table::new(
        &caption,
        &["table", "rows", "table", "indexes", "bytes per appeal", "dead rows", "autovacuums"],
        lines,
    ))
}

/// The ticket service's own purge over its outbox, every call of which is made old.
pub async fn purge(stage: &Stage, url: &str, role: &str) -> Result<Table> {
    let mut admin = PgConnection::connect(url).await?;
    let old = "UPDATE ticket.outbox SET settle_time = settle_time - interval '26 days' WHERE settle_time IS NOT NULL";
    let rows = execute(&mut admin, old).await?;
    execute(&mut admin, "VACUUM ANALYZE ticket.outbox").await?;
    let size = "SELECT pg_total_relation_size('ticket.outbox') + pg_total_relation_size('ticket.outbox_key')";
    let before = count(&mut admin, size).await?.unsigned_abs();
    let [nobody] = free_ports()?;
    let layers = Layers::default().environment(stage.house.environment(Part::Ticket, role, nobody, &[]));
    let overrides = Overrides {
        listener: Some(TcpListener::bind("127.0.0.1:0").await?),
        admin: Admin::Off,
        time: Time::Given(Arc::new(SystemClock)),
        ..Overrides::default()
    };
    let mut prepared = Part::Ticket.prepare(&layers, overrides).await?;
    let purge = prepared.take_loops().into_iter().find(|it| it.name == "purge").context("the purge")?;
    let began = Instant::now();
    while purge.step.step().await? != Stepped::Idle {}
    let took = began.elapsed();
    let left = count(&mut admin, "SELECT count(*) FROM ticket.outbox WHERE settle_time IS NOT NULL").await?;
    ensure!(left == 0, "the purge left {left} calls");
    execute(&mut admin, "VACUUM ticket.outbox").await?;
    execute(&mut admin, "VACUUM ticket.outbox_key").await?;
    let after = count(&mut admin, size).await?.unsigned_abs();
    let rate = number(rows as f64 / took.as_secs_f64());
    let row = vec![grouped(i64::try_from(rows)?), time(took), rate, bytes(before), bytes(after)];
    Ok(Table::new(
        "The purge of the ticket service's settled calls, by batches of a thousand, and the size before and after it, each after a VACUUM. No \
         table has partitions to drop: a call's age begins when it is settled, and a key's rows are read whole",
        &["calls", "took", "per s", "before", "after"],
        vec![row],
    ))
}
