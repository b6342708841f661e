//! Migrations run before the replicas of the version before are replaced: those must go on.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::rig::{Rig, citizen, form};

#[tokio::test(flavor = "multi_thread")]
async fn filings_of_the_version_before_confirmation_are_taken() {
    let rig = Rig::new().await;
    let filed = rig.file(&citizen(), form()).await;
    let mut admin = PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    // All that 0001 to 0003 know of an appeal.
    let known: String = sqlx::query_scalar(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = 'ticket' AND table_name = 'appeal'
            AND column_name NOT IN ('appeal_id', 'number', 'required_action', 'confirmed_citizen_id')",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    let insert = format!(
        "INSERT INTO ticket.appeal (appeal_id, number, {known}) SELECT gen_random_uuid(), 'n', {known} FROM ticket.appeal
            RETURNING required_action"
    );
    let action: String = sqlx::query_scalar(AssertSqlSafe(insert)).fetch_one(&mut admin).await.unwrap();
    assert_eq!(action, "resolve", "{}", filed.name);
}

/// They are sent by their place: two texts that change places would be stored as each other.
#[tokio::test]
async fn a_filings_fields_stand_in_the_order_of_its_type() {
    let rig = Rig::new().await;
    let mut admin = PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let source = include_str!("../../src/store/filing_row.rs");
    for (sent, stored) in [("FilingRow", "filing_2"), ("CallRow", "filing_call")] {
        let (_, fields) = source.split_once(&format!("struct {sent}<'a> {{")).unwrap();
        let fields = fields.split_once('}').unwrap().0.lines().filter_map(|line| line.trim().split_once(": "));
        let fields: Vec<&str> = fields.map(|(name, _)| name).collect();
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = ('ticket.' || $1)::regclass ORDER BY attnum",
        )
        .bind(stored)
        .fetch_all(&mut admin)
        .await
        .unwrap();
        assert_eq!(fields, columns, "{sent}");
    }
}
