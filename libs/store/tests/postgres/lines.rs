//! Held connections.

use sqlx::PgConnection;
use store::{Error, Lines};

use crate::rig::Rig;

async fn backend(line: &mut PgConnection) -> Result<i32, Error> {
    Ok(sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(line).await?)
}

async fn shown(line: &mut PgConnection, setting: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(line).await.unwrap()
}

#[tokio::test]
async fn a_line_works_in_the_schema_plans_once_and_is_the_same_next_time() {
    let rig = Rig::new().await;
    let lines = Lines::of(&rig.db);
    let (mut one, mut other) = (lines.take().await.unwrap(), lines.take().await.unwrap());
    assert_eq!(shown(&mut one, "search_path").await, "shared");
    assert_eq!(shown(&mut one, "plan_cache_mode").await, "force_generic_plan");
    let (first, second) = (backend(&mut one).await.unwrap(), backend(&mut other).await.unwrap());
    assert_ne!(first, second, "two takers at once, two connections");
    lines.keep(one);
    drop(other);
    assert_eq!(backend(&mut lines.take().await.unwrap()).await.unwrap(), first);
}

#[tokio::test]
async fn a_line_that_died_fails_once() {
    let rig = Rig::new().await;
    let lines = Lines::of(&rig.db);
    let mut line = lines.take().await.unwrap();
    let died = backend(&mut line).await.unwrap();
    lines.keep(line);
    let ended: bool =
        sqlx::query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(died).fetch_one(rig.db.pool()).await.unwrap();
    assert!(ended);

    let mut line = lines.take().await.unwrap();
    let refused = backend(&mut line).await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
    drop(line);
    assert_ne!(backend(&mut lines.take().await.unwrap()).await.unwrap(), died);
}
