//! The look for due calls costs the same, however many wait behind them.

use crate::rig::Rig;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

/// The statement as it is compiled in, from the data it was checked with.
fn statement(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/.sqlx");
    let queries = std::fs::read_dir(folder).unwrap().map(|entry| {
        let data: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        data["query"].as_str().unwrap().to_owned()
    });
    let mut named: Vec<String> = queries.filter(|query| query.starts_with(&format!("-- {name}()\n"))).collect();
    assert_eq!(named.len(), 1, "{name}");
    named.remove(0)
}

/// Every index the plan uses, and the blocks it touches.
fn used(plan: &Value, indexes: &mut Vec<String>) -> i64 {
    if let Some(index) = plan["Index Name"].as_str() {
        indexes.push(index.to_owned());
    }
    assert_ne!(plan["Node Type"], "Seq Scan", "{plan}");
    assert_ne!(plan["Node Type"], "Sort", "{plan}");
    for below in plan["Plans"].as_array().into_iter().flatten() {
        used(below, indexes);
    }
    plan["Shared Hit Blocks"].as_i64().unwrap() + plan["Shared Read Blocks"].as_i64().unwrap()
}

#[tokio::test]
async fn the_claim_reads_its_index_and_little_else() {
    let rig = Rig::new().await;
    // One key with 10,000 calls, a destination that is down with 100,000 keys, 100,000 done, and 50 that are due.
    let fill = "INSERT INTO shared.outbox (call_id, destination, ordering_key, seq, head, state, method, request, note, create_time, attempts,
            next_attempt_time, settle_time)
        SELECT gen_random_uuid(), destination, ordering_key, seq, head, state, '/m', CASE state WHEN 'waiting' THEN '\\x00'::bytea END,
            'null', time, 0, time, CASE state WHEN 'done' THEN time END
        FROM (
            SELECT 'peer' AS destination, 'one' AS ordering_key, n AS seq, n = 1 AS head, 'waiting' AS state,
                '2026-01-05T08:00:00Z'::timestamptz AS time FROM generate_series(1, 10000) AS n
            UNION ALL
            SELECT 'down', 'k' || n, 1, true, 'waiting', '2026-01-05T07:00:00Z'::timestamptz + n * interval '10 ms'
                FROM generate_series(1, 100000) AS n
            UNION ALL
            SELECT 'peer', 'k' || n, 1, true, 'done', '2026-01-05T07:00:00Z' FROM generate_series(1, 100000) AS n
            UNION ALL
            SELECT 'peer', 'due' || n, 1, true, 'waiting', '2026-01-05T08:30:00Z' FROM generate_series(1, 49) AS n
        ) AS calls";
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.database.admin_url()).await.unwrap();
    admin.execute(fill).await.unwrap();
    admin.execute("VACUUM ANALYZE shared.outbox").await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement("claim"));
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let mut tx = rig.db.pool().begin().await.unwrap();
        tx.execute(AssertSqlSafe(format!("SET LOCAL plan_cache_mode = {mode}"))).await.unwrap();
        let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain.clone()))
            .bind("peer")
            .bind(rig.db.now().to_sqlx())
            .bind(100_i64)
            .bind(rig.db.now().to_sqlx())
            .bind(Uuid::new_v4())
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        let plan = &plan[0]["Plan"];
        let mut indexes = Vec::new();
        let blocks = used(plan, &mut indexes);
        assert_eq!(indexes, ["outbox_due_idx", "outbox_pkey"], "{mode}: {plan}");
        assert_eq!(plan["Actual Rows"].as_f64(), Some(50.0), "{mode}");
        // 50 rows are read, locked and written anew with their entries in six indexes: some 40 blocks each at the very most.
        assert!(blocks < 2_000, "{mode}: {blocks} blocks: {plan}");
        tx.rollback().await.unwrap();
    }
}
