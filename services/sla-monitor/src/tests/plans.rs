//! The statements that run all day, on a table where a wrong plan shows: counted are the rows they read, as Postgres itself counts them within the
//! transaction.

use ::store::{Error, Tx, transaction};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::rig::{Rig, hours, start};
use crate::store::due;
use crate::store::list::{Asked, page};

/// Open deadlines, the first of them due a second after hour 100, then one each second.
const OPEN: i32 = 50_000;

async fn filled() -> Rig {
    let rig = Rig::new().await;
    let fill =
        "INSERT INTO deadline (deadline_id, number, revision, policy, policy_version, policy_hash, category, priority,
            channel, suspensions, state, mismatch, next_due_time, next_fire_time, create_time, update_time)
        SELECT gen_random_uuid(), 'n' || n, 1, 'standard', 1, 'h', 'c', 'normal', 'web_form', '[]', 'tracked', false,
            $1::timestamptz + n * interval '1 second', $1::timestamptz + n * interval '1 second', $1, $1
        FROM generate_series(1, $2) AS n";
    sqlx::query(fill).bind(second(0).to_sqlx()).bind(OPEN).execute(rig.app.db.pool()).await.unwrap();
    // Only the owner may; without it the planner guesses and sorts. In production autovacuum does it.
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    sqlx::query("ANALYZE sla.deadline").execute(&mut admin).await.unwrap();
    rig
}

fn second(number: i32) -> Timestamp {
    start() + hours(100) + SignedDuration::from_secs(number.into())
}

/// What has been read of table `deadline`: whole scans, and rows by an index. Counts of the transaction before may still be among them, so what counts
/// is the difference.
async fn read(tx: &mut Tx) -> (i64, i64) {
    let counts = "SELECT COALESCE(seq_scan, 0), COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
        WHERE relname = 'deadline'";
    let row = sqlx::query(counts).fetch_optional(&mut **tx).await.unwrap();
    row.map_or((0, 0), |row| (row.get(0), row.get(1)))
}

fn since(before: (i64, i64), after: (i64, i64)) -> (i64, i64) {
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test]
async fn looking_for_what_is_due_reads_what_is_due() {
    let rig = filled().await;
    for (due, expected) in [(0, 0), (7, 7), (OPEN, 100)] {
        let (found, read) = transaction!(rig.app.db, "test", |tx| -> Result<_, Error> {
            let before = read(tx).await;
            let found = due::lock(tx, second(due), 100).await?;
            Ok((found, since(before, read(tx).await)))
        })
        .unwrap();
        assert_eq!(found.deadlines.len(), expected);
        assert_eq!(found.deadlines.first().map(|it| it.promise.number.as_str()), (expected > 0).then_some("n1"));
        assert_eq!(read, (0, expected as i64), "with {due} due");
    }
}

#[tokio::test]
async fn a_page_reads_what_it_shows_wherever_it_is() {
    let rig = filled().await;
    for (after, due_before, expected) in [(None, None, 51), (Some(49_000), None, 51), (Some(20), Some(30), 9)] {
        let asked = Asked {
            state: "tracked",
            due_before: due_before.map(second),
            after: after.map(|after| (Some(second(after)), Uuid::max())),
            limit: 51,
        };
        let (found, read) = transaction!(rig.app.db, "test", |tx| -> Result<_, Error> {
            let before = read(tx).await;
            let found = page(tx, &asked).await?;
            Ok((found, since(before, read(tx).await)))
        })
        .unwrap();
        assert_eq!(found.len(), expected);
        assert_eq!(found[0].next_due_time(), None, "these have no clocks");
        assert_eq!(found[0].promise.number, format!("n{}", after.unwrap_or(0) + 1));
        assert_eq!(read, (0, expected as i64));
    }
}
