//! Named transactions: what commits, what runs again, what reaches the caller.

use crate::rig::Rig;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::{Error, Retryable, Tx, transaction};
use tokio::sync::{Barrier, Notify};

/// A caller's error, as a service has one.
#[derive(Debug, PartialEq)]
enum Refusal {
    NoSuchKey,
    Store(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Store(error)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Refusal::Store(error.into())
    }
}

impl Retryable for Refusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Refusal::Store(error) if error.is_conflict())
    }
}

async fn put(tx: &mut Tx, id: i64) -> Result<(), Error> {
    sqlx::query("INSERT INTO sealed_key (key_id, create_time) VALUES ($1, '2026-01-05T09:00:00Z')")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn touch(tx: &mut Tx, id: i64) -> Result<(), Error> {
    sqlx::query("UPDATE sealed_key SET create_time = create_time WHERE key_id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

#[tokio::test]
async fn ok_commits_and_err_rolls_back() {
    let rig = Rig::new().await;
    let kept: Result<&str, Refusal> = transaction!(rig.db, "keep", |tx| {
        put(tx, 1).await?;
        Ok(tx.name())
    });
    assert_eq!(kept, Ok("keep"));
    let refused: Result<(), Refusal> = transaction!(rig.db, "refuse", |tx| {
        put(tx, 2).await?;
        Err(Refusal::NoSuchKey)
    });
    assert_eq!(refused, Err(Refusal::NoSuchKey));
    assert_eq!(store::keys_in_use(&rig.db).await.unwrap(), [1]);
    let metrics = rig.metrics();
    assert!(metrics.contains(r#"otklik_store_transactions_total{name="keep",outcome="committed"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"otklik_store_transactions_total{name="refuse",outcome="rolled_back"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"otklik_store_transaction_seconds_count{name="keep"} 1"#), "{metrics}");
}

#[tokio::test]
async fn a_violated_constraint_is_named_and_its_values_are_not() {
    let rig = Rig::new().await;
    let twice = transaction!(rig.db, "twice", |tx| -> Result<(), Error> {
        put(tx, 77_123).await?;
        put(tx, 77_123).await
    });
    let error = twice.unwrap_err();
    assert_eq!(error.constraint(), Some("sealed_key_pkey"));
    assert!(!format!("{error:?} {error}").contains("77123"));
    let wrong = sqlx::query("SELECT ('+7 921 555'::text || $1::text)::uuid")
        .bind("41 22")
        .execute(rig.db.pool())
        .await
        .unwrap_err();
    let printed = format!("{0:?} {0}", Error::from(wrong));
    assert!(printed.contains("22P02") && !printed.contains("555") && !printed.contains("41 22"), "{printed}");
}

#[tokio::test]
async fn the_loser_of_a_deadlock_runs_again_and_both_commit() {
    let rig = Rig::new().await;
    store::note_key(&rig.db, 1, rig.db.now()).await.unwrap();
    store::note_key(&rig.db, 2, rig.db.now()).await.unwrap();
    let met = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicU32::new(0));
    let party = |first: i64, second: i64| {
        let (db, met, runs) = (rig.db.clone(), met.clone(), runs.clone());
        // Spawned, which also shows that the future is Send.
        tokio::spawn(async move {
            transaction!(db, "cross", |tx| -> Result<(), Error> {
                touch(tx, first).await?;
                if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                    met.wait().await;
                }
                touch(tx, second).await
            })
        })
    };
    let (one, other) = tokio::join!(party(1, 2), party(2, 1));
    one.unwrap().unwrap();
    other.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert!(rig.metrics().contains(r#"otklik_store_transaction_retries_total{name="cross"} 1"#));
}

#[tokio::test]
async fn a_conflict_that_stays_is_given_up_after_five_runs() {
    let rig = Rig::new().await;
    let runs = AtomicU32::new(0);
    let result = transaction!(rig.db, "hopeless", |tx| -> Result<(), Error> {
        runs.fetch_add(1, Ordering::SeqCst);
        put(tx, 9).await?;
        Err(Error::Conflict("every time".into()))
    });
    assert!(result.unwrap_err().is_conflict());
    assert_eq!(runs.load(Ordering::SeqCst), 5);
    assert!(store::keys_in_use(&rig.db).await.unwrap().is_empty());
}

#[tokio::test]
async fn waiting_tasks_are_woken_by_a_commit_only() {
    let rig = Rig::new().await;
    let wake = Arc::new(Notify::new());
    let refused: Result<(), Refusal> = transaction!(rig.db, "refuse", |tx| {
        tx.wake_on_commit(&wake);
        Err(Refusal::NoSuchKey)
    });
    refused.unwrap_err();
    assert!(tokio::time::timeout(Duration::ZERO, wake.notified()).await.is_err());
    transaction!(rig.db, "commit", |tx| -> Result<(), Error> {
        tx.wake_on_commit(&wake);
        Ok(())
    })
    .unwrap();
    tokio::time::timeout(Duration::ZERO, wake.notified()).await.unwrap();
}

#[tokio::test]
async fn connections_cut_by_the_server_cost_a_transaction_nothing() {
    let rig = Rig::new().await;
    // Fill the pool, then cut every connection in it.
    let held = futures_of(4, || async { rig.db.pool().acquire().await.unwrap() }).await;
    drop(held);
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.admin_url).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1")
        .bind(&rig.role)
        .execute(&mut admin)
        .await
        .unwrap();
    for id in 1..=6 {
        transaction!(rig.db, "after_the_cut", |tx| -> Result<(), Error> { put(tx, id).await }).unwrap();
    }
    assert_eq!(store::keys_in_use(&rig.db).await.unwrap().len(), 6);
}

async fn futures_of<T, F: Future<Output = T>>(count: usize, make: impl Fn() -> F) -> Vec<T> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(make().await);
    }
    all
}

#[tokio::test]
async fn a_transaction_cancelled_at_any_point_leaves_nothing_open() {
    let mut rig = Rig::new().await;
    rig.settings.max_connections = Some(1);
    let pool = store::connect(&rig.settings, "shared").await.unwrap();
    let db = store::Db::new(pool, rig.db.clock().clone(), &mut prometheus_client::registry::Registry::default());
    for polls in 1..=12 {
        let mut cancelled = Box::pin(async {
            transaction!(db, "cancelled", |tx| -> Result<(), Error> {
                touch(tx, 1).await?;
                touch(tx, 2).await
            })
        });
        for _ in 0..polls {
            // Polls once.
            if tokio::time::timeout(Duration::ZERO, &mut cancelled).await.is_ok() {
                break;
            }
        }
        drop(cancelled);
        // The next user of the connection must not find itself in what the cancelled one began.
        store::note_key(&db, polls, db.now()).await.unwrap();
        let seen_by_others = store::keys_in_use(&rig.db).await.unwrap();
        assert!(seen_by_others.contains(&polls), "cancelled at poll {polls}");
    }
}

#[tokio::test]
async fn no_free_connection_is_unavailable() {
    let mut rig = Rig::new().await;
    rig.settings.max_connections = Some(1);
    rig.settings.acquire_timeout_ms = 50;
    let pool = store::connect(&rig.settings, "shared").await.unwrap();
    let db = store::Db::new(pool, rig.db.clock().clone(), &mut prometheus_client::registry::Registry::default());
    let _held = db.pool().acquire().await.unwrap();
    let result = transaction!(db, "starved", |tx| -> Result<(), Error> { put(tx, 1).await });
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}
