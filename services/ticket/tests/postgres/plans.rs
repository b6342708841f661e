//! Lists read what they show and little else, however long the archive is.

use proto::ticket::v1 as wire;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::rig::{Rig, citizen, form, operator};

/// Appeals that are over, all of them newer than the few that are open.
const CLOSED: i32 = 20_000;
const OPEN: usize = 3;

/// The statement as the service has it, by the data that its compilation was checked against.
fn statement(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/.sqlx");
    let files = std::fs::read_dir(folder).unwrap().map(|it| std::fs::read(it.unwrap().path()).unwrap());
    let parse = |file: Vec<u8>| serde_json::from_slice::<Value>(&file).unwrap()["query"].as_str().unwrap().to_owned();
    files.map(parse).find(|query| query.starts_with(&format!("-- {name}()"))).unwrap()
}

/// Rows of table `appeal` that the plan looked at, shown or not.
fn looked_at(node: &Value) -> f64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let own = match node["Relation Name"].as_str() {
        Some("appeal") => {
            let rows =
                number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
            rows * number("Actual Loops")
        }
        _ => 0.0,
    };
    own + node["Plans"].as_array().into_iter().flatten().map(looked_at).sum::<f64>()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_few_is_not_found_by_walking_the_archive() {
    let rig = Rig::staffed().await;
    let mut last = String::new();
    for _ in 0..OPEN {
        last = rig.file(&citizen(), form()).await.name;
    }
    let mut admin = PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let fill = "INSERT INTO ticket.appeal SELECT closed.* FROM generate_series(1, $1) AS n
        CROSS JOIN (SELECT * FROM ticket.appeal LIMIT 1) AS one
        CROSS JOIN LATERAL jsonb_populate_record(one::ticket.appeal, jsonb_build_object(
            'appeal_id', gen_random_uuid(), 'number', 'n' || n, 'state', 'closed', 'create_time', create_time + n * interval '1 second',
            'first_state', 'met', 'first_due_time', NULL, 'first_end_time', create_time,
            'resolution_state', 'met', 'resolution_due_time', NULL, 'resolution_end_time', create_time, 'expected_time', NULL)) AS closed";
    sqlx::query(fill).bind(CLOSED).execute(&mut admin).await.unwrap();
    admin.execute("VACUUM ANALYZE ticket.appeal").await.unwrap();
    admin.execute("SET search_path = ticket").await.unwrap();

    let newest = "'9999-01-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51";
    let asked = [
        ("list_of_states", format!("'{{registered,assigned}}', NULL, NULL, NULL, NULL, {newest}"), OPEN),
        ("list_due", format!("'2099-01-01', NULL, NULL, NULL, NULL, NULL, {newest}"), OPEN),
        ("list_due", format!("'2099-01-01', '{{closed}}', NULL, NULL, NULL, NULL, {newest}"), 0),
        ("list_of_states", format!("'{{closed,registered}}', NULL, NULL, NULL, NULL, {newest}"), 51),
        ("list_all", format!("NULL, NULL, NULL, NULL, {newest}"), 51),
        ("list_promises", format!("'registered', {newest}"), OPEN),
        ("list_promises", format!("'closed', {newest}"), 51),
    ];
    for (name, values, shown) in asked {
        for mode in ["force_custom_plan", "force_generic_plan"] {
            admin.execute(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.unwrap();
            admin.execute(AssertSqlSafe(format!("PREPARE asked AS {}", statement(name)))).await.unwrap();
            let explain = format!("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({values})");
            let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut admin).await.unwrap();
            admin.execute("DEALLOCATE asked").await.unwrap();
            let plan = &plan[0]["Plan"];
            assert_eq!(plan["Actual Rows"].as_f64(), Some(shown as f64), "{name}, {mode}");
            // Once to choose, once to show.
            let most = (2 * shown.max(OPEN) + OPEN) as f64;
            assert!(looked_at(plan) <= most, "{name}, {mode}: {} rows: {plan}", looked_at(plan));
        }
    }

    // And these statements are the ones that such requests take: what is over is not in the answer, what is open is, newest first.
    let list = |request| ticket::queries::list_appeals::run(rig.app.clone(), operator("operator-1"), request);
    let registered = wire::appeal::State::Registered.into();
    let by_state = wire::ListAppealsRequest { states: vec![registered], ..Default::default() };
    let by_due = wire::ListAppealsRequest {
        due_before_time: Some(proto::to_wire("2099-01-01T00:00:00Z".parse().unwrap())),
        ..Default::default()
    };
    for request in [by_state, by_due] {
        let page = list(request).await.unwrap();
        assert_eq!((page.appeals.len(), page.next_page_token.as_str()), (OPEN, ""));
        assert!(page.appeals.iter().any(|appeal| appeal.name == last));
    }
}
