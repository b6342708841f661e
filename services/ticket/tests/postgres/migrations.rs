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
