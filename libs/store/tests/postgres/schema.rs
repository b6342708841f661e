//! Migrations, rights, the version check, settings.

use crate::rig::{Rig, shared};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use store::{Error, Settings};

fn with(extra: &[(i64, &'static str)]) -> Migrator {
    let mut all: Vec<Migration> = shared().iter().cloned().collect();
    for (version, sql) in extra {
        let sql = sqlx::SqlStr::from_static(sql);
        all.push(Migration::new(*version, "extra".into(), MigrationType::Simple, sql, false));
    }
    let mut migrator = Migrator::with_migrations(all);
    migrator.dangerous_set_table_name("_outbox_migrations");
    migrator
}

fn message(result: Result<usize, Error>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_schema_behind_the_code_serves_only_where_its_migration_says_so() {
    let rig = Rig::new().await;
    let check = async |known: &Migrator| store::check_schema(&rig.db, &[known]).await;
    assert_eq!(check(&shared()).await, Ok(0));
    let next = 1 + shared().iter().map(|it| it.version).max().unwrap();
    let index = "-- Code runs without it.\nSELECT 1";
    assert_eq!(check(&with(&[(next, index)])).await, Ok(1));
    let missing = format!("migration {next} of _outbox_migrations is missing");
    for behind in
        [&[(next, "SELECT 1")][..], &[(next, "SELECT 1"), (next + 1, index)], &[(next, index), (next + 1, index)]]
    {
        let refused = message(check(&with(behind)).await);
        assert!(refused.contains(&missing), "{refused}");
    }
    // A schema ahead of the code: migrated by a newer release.
    store::migrate(&rig.admin_url, "shared", &rig.role, &[&with(&[(next, "SELECT 1")])]).await.unwrap();
    assert_eq!(check(&shared()).await, Ok(0));
    let changed = message(check(&with(&[(next, "SELECT 2")])).await);
    assert!(changed.contains(&format!("migration {next} of _outbox_migrations differs")), "{changed}");
}

#[tokio::test]
async fn an_empty_schema_is_refused() {
    let rig = Rig::new().await;
    let mut never = shared();
    never.dangerous_set_table_name("_other_migrations");
    let refused = message(store::check_schema(&rig.db, &[&never]).await);
    assert!(refused.contains("run `migrate` first"), "{refused}");
}

#[tokio::test]
async fn migrating_again_changes_nothing_and_a_failed_migration_leaves_nothing() {
    let rig = Rig::new().await;
    store::migrate(&rig.admin_url, "shared", &rig.role, &[&shared()]).await.unwrap();
    let next = 1 + shared().iter().map(|it| it.version).max().unwrap();
    let broken = with(&[(next, "CREATE TABLE half (id int); SELECT 1 FROM missing")]);
    let error = store::migrate(&rig.admin_url, "shared", &rig.role, &[&broken]).await.unwrap_err();
    assert!(error.to_string().contains(&format!("migration {next}")), "{error}");
    let half =
        sqlx::query_scalar::<_, Option<String>>("SELECT to_regclass('half')::text").fetch_one(rig.db.pool()).await;
    assert_eq!(half.unwrap(), None);
}

#[tokio::test]
async fn the_role_writes_rows_and_nothing_else() {
    let rig = Rig::new().await;
    for forbidden in [
        "CREATE TABLE mine (id int)",
        "DROP TABLE outbox",
        "DELETE FROM _outbox_migrations",
        "TRUNCATE request_id",
        "CREATE SCHEMA mine",
    ] {
        let error = Error::from(sqlx::raw_sql(forbidden).execute(rig.db.pool()).await.unwrap_err());
        assert!(error.to_string().contains("SQLSTATE 42501"), "{forbidden}: {error}");
    }
    store::note_key(&rig.db, u32::MAX, rig.db.now()).await.unwrap();
    store::note_key(&rig.db, u32::MAX, rig.db.now()).await.unwrap();
    assert_eq!(store::keys_in_use(&rig.db).await.unwrap(), [u32::MAX]);
}

#[tokio::test]
async fn two_administrators_at_once_make_one_role() {
    let rig = Rig::new().await;
    let make = async || {
        let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.admin_url).await.unwrap();
        store::provision(&mut admin, &format!("{}_b", rig.role), "secret").await
    };
    let (one, other) = tokio::join!(make(), make());
    one.unwrap();
    other.unwrap();
}

#[tokio::test]
async fn the_database_says_its_time() {
    let rig = Rig::new().await;
    let watch = store::Watch::connect(&rig.settings, "shared").await.unwrap();
    let once = watch.time().await.unwrap();
    let again = watch.time().await.unwrap();
    assert!(again > once && once > rig.db.now());
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    let mut rig = Rig::new().await;
    rig.settings.statement_timeout_ms = 20;
    let pool = store::connect(&rig.settings, "shared").await.unwrap();
    let error = sqlx::raw_sql("SELECT pg_sleep(5)").execute(&pool).await.unwrap_err();
    assert!(matches!(Error::from(error), Error::Unavailable(_)));
}

#[tokio::test]
async fn settings_want_one_url_and_never_print_it() {
    let both = Settings { url_file: Some("/nowhere".into()), ..Settings::for_url("postgres://me:hush@h/d") };
    for settings in [both.clone(), Settings::default(), Settings { url: None, ..both.clone() }] {
        assert!(matches!(store::connect(&settings, "shared").await, Err(Error::Other(_))));
    }
    assert!(!format!("{both:?}").contains("hush"));
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let settings = Settings { acquire_timeout_ms: 100, ..Settings::for_url("postgres://me:hush@127.0.0.1:1/d") };
    let error = store::connect(&settings, "shared").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
}
