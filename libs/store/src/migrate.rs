//! What the `migrate` step does, with an administrator's rights; services themselves never change a schema.
//!
//! Names can't be bound as parameters, so the statements are put together by Postgres itself (`format` with `%I` and `%L`), from
//! bound text.

use crate::Error;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Attempts at writing a role: two administrators may do it at once, since roles belong to the whole cluster.
const ROLE_ATTEMPTS: u32 = 5;

/// Makes the login role if it is missing and sets its password. To be called before [`migrate`].
///
/// # Errors
/// [`Error::Other`] without the right to make roles, [`Error::Unavailable`] when Postgres is away.
pub async fn provision(admin: &mut PgConnection, role: &str, password: &str) -> Result<(), Error> {
    // The password is set by a statement that can't fail for a role that exists: Postgres logs failed statements.
    let create = sqlx::query_scalar!(
        r#"-- create_role()
        SELECT format('CREATE ROLE %I LOGIN', $1::text) AS "statement!"
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text)"#,
        role
    )
    .fetch_optional(&mut *admin)
    .await?;
    if let Some(create) = create
        && let Err(error) = sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *admin).await
        && !was_made_meanwhile(&error)
    {
        return Err(error.into());
    }
    let alter = sqlx::query_scalar!(
        r#"-- alter_role()
        SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text) AS "statement!""#,
        role,
        password
    )
    .fetch_one(&mut *admin)
    .await?;
    let mut attempts = ROLE_ATTEMPTS;
    loop {
        attempts -= 1;
        match sqlx::raw_sql(AssertSqlSafe(alter.clone())).execute(&mut *admin).await {
            Ok(_) => return Ok(()),
            // "tuple concurrently updated": the other administrator was faster.
            Err(error) if attempts > 0 && code_of(&error) == "XX000" => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes the schema if it is missing, applies the migrations in the order given, and lets `role` read and write rows there, but
/// change neither tables nor the record of migrations.
///
/// Each [`Migrator`] keeps its record in a table of its own, so that sets can be numbered independently. Two runs at once wait
/// for each other.
///
/// # Errors
/// [`Error::Other`] naming the migration that failed or was changed after it had been applied; that one is rolled back, those
/// before it stay.
pub async fn migrate(admin_url: &str, schema: &str, role: &str, migrators: &[&Migrator]) -> Result<(), Error> {
    let options: PgConnectOptions =
        admin_url.parse().map_err(|_| Error::Other("the administrator's database URL can't be used".into()))?;
    let options = options.options([("search_path", schema)]).disable_statement_logging();
    let mut admin = PgConnection::connect_with(&options).await?;
    execute(&mut admin, "CREATE SCHEMA IF NOT EXISTS %1$I", schema, role).await?;
    for migrator in migrators {
        migrator.run_direct(None, &mut admin, false).await?;
    }
    execute(&mut admin, "GRANT USAGE ON SCHEMA %1$I TO %2$I", schema, role).await?;
    execute(&mut admin, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I", schema, role)
        .await?;
    execute(&mut admin, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA %1$I TO %2$I", schema, role).await?;
    for migrator in migrators {
        let revoke = format!("REVOKE INSERT, UPDATE, DELETE ON TABLE {} FROM %2$I", migrator.table_name);
        execute(&mut admin, &revoke, schema, role).await?;
    }
    admin.close().await?;
    Ok(())
}

async fn execute(admin: &mut PgConnection, template: &str, schema: &str, role: &str) -> Result<(), Error> {
    let statement = sqlx::query_scalar!(
        r#"-- administer()
        SELECT format($1::text, $2::text, $3::text) AS "statement!""#,
        template,
        schema,
        role
    )
    .fetch_one(&mut *admin)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *admin).await?;
    Ok(())
}

/// duplicate_object, or the unique index of roles when both were past that check.
fn was_made_meanwhile(error: &sqlx::Error) -> bool {
    matches!(code_of(error).as_str(), "42710" | "23505")
}

fn code_of(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()
}
