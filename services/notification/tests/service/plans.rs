//! The statement that runs all day, on a table where a wrong plan shows.

use std::path::Path;

use jiff_sqlx::ToSqlx as _;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::rig::{Rig, short};

/// The statement as the service has it, by the data that its compilation was checked against.
fn statement(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).unwrap().map(|it| std::fs::read(it.unwrap().path()).unwrap());
    let parse = |file: Vec<u8>| serde_json::from_slice::<Value>(&file).unwrap()["query"].as_str().unwrap().to_owned();
    files.map(parse).find(|query| query.starts_with(&format!("-- {name}()"))).unwrap()
}

fn scans<'a>(node: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    let table = node["Relation Name"].as_str().or(node["Index Name"].as_str());
    if let (Some(kind), Some(table)) = (node["Node Type"].as_str(), table)
        && kind.contains("Scan")
    {
        found.push((kind, node["Index Name"].as_str().unwrap_or(table)));
    }
    for plan in node["Plans"].as_array().into_iter().flatten() {
        scans(plan, found);
    }
}

#[tokio::test]
async fn looking_for_what_is_due_reads_the_index_of_what_is_due() {
    let rig = Rig::new().await;
    rig.send(short(rig.now())).await;
    let mut admin: PgConnection = rig.admin().await;
    // Of every lane: 10,000 that are over, and 2,000 for later.
    for (count, state, seconds) in [(10_000, "delivered", -60), (2_000, "queued", 3_600)] {
        let fill = "WITH told AS (
                INSERT INTO notification (notification_id, sender, send_request_id, recipient_id, template, template_version, subject,
                    lane, language_code, event_time, expire_time, state, create_time, update_time)
                SELECT gen_random_uuid(), 'systems/ticket', gen_random_uuid(), 'maria', 'registration', 1, '', lane, '', $2, $2,
                    'queued', $2, $2
                FROM generate_series(1, $1), unnest(ARRAY['code', 'emergency', 'normal', 'bulk']) AS lane
                RETURNING notification_id, lane
            )
            INSERT INTO delivery (delivery_id, notification_id, channel, lane, state, next_attempt_time)
            SELECT gen_random_uuid(), notification_id, 'sms', lane, $3, $2 + $4 * interval '1 second' FROM told";
        let query = sqlx::query(fill).bind(count).bind(rig.now().to_sqlx()).bind(state).bind(seconds);
        query.execute(&mut admin).await.unwrap();
    }
    admin.execute("VACUUM ANALYZE delivery, notification, recipient").await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement("claim_deliveries"));
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let mut tx = admin.begin().await.unwrap();
        tx.execute(AssertSqlSafe(format!("SET LOCAL plan_cache_mode = {mode}"))).await.unwrap();
        let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain.clone()))
            .bind("normal")
            .bind(rig.now().to_sqlx())
            .bind(100_i64)
            .bind(Uuid::new_v4())
            .bind(rig.now().to_sqlx())
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        let plan = &plan[0]["Plan"];
        assert_eq!(plan["Actual Rows"].as_f64(), Some(1.0), "{mode}: {plan}");
        let mut found = Vec::new();
        scans(plan, &mut found);
        assert!(found.contains(&("Index Scan", "delivery_due_idx")), "{mode}: {found:?}");
        assert!(!found.contains(&("Seq Scan", "delivery")), "{mode}: {found:?}");
        assert!(!found.contains(&("Seq Scan", "notification")), "{mode}: {found:?}");
        let blocks = plan["Shared Hit Blocks"].as_i64().unwrap() + plan["Shared Read Blocks"].as_i64().unwrap();
        assert!(blocks < 200, "{mode}: {blocks} blocks for one message: {plan}");
        tx.rollback().await.unwrap();
    }
}
