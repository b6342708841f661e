//! Ephemeral clusters: alone, as a test uses them, and when their process is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use devpg::{Cluster, Template, TestDatabase, until};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const SOON: Duration = Duration::from_secs(30);

async fn query(url: &str, statement: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let answer: String = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    answer
}

async fn execute(url: &str, statements: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn alive(pid: u32) -> bool {
    // A zombie under a slow init still has a folder in /proc; it has no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn starts_cold_answers_and_leaves_nothing() {
    let begun = Instant::now();
    let cluster = Cluster::ephemeral().unwrap();
    println!("cold start: {:?}", begun.elapsed());
    let folder = cluster.data_dir().parent().unwrap().to_owned();
    let postmaster = cluster.postmaster().unwrap();
    assert!(cluster.create_database("box").await.unwrap());
    assert!(!cluster.create_database("box").await.unwrap(), "the second time it is there");
    assert!(cluster.create_database("Box; DROP").await.is_err());
    assert_eq!(query(&cluster.admin_url_of("box"), "SELECT current_database()::text").await, "box");
    assert_eq!(query(&cluster.admin_url(), "SELECT current_setting('fsync')").await, "off");
    assert_eq!(query(&cluster.admin_url(), "SELECT lower('ЗАЯВКА')").await, "заявка");
    execute(&cluster.admin_url(), "CREATE ROLE \"odd role\" LOGIN PASSWORD 'x'").await;
    assert_eq!(query(&cluster.url("box", "odd role", "p@ss/w:rd?"), "SELECT current_user::text").await, "odd role");
    cluster.stop();
    assert!(!folder.exists());
    assert!(!alive(postmaster));
}

#[tokio::test]
async fn a_template_is_made_once_and_its_copies_are_separate() {
    async fn make(mark: &'static str) -> Template {
        Template::make("rooms", async |url| {
            // Left open on purpose, as a pool that nobody closed would be.
            let pool = sqlx::PgPool::connect(&url).await?;
            sqlx::raw_sql("CREATE TABLE rooms (name text); INSERT INTO rooms VALUES ('hall')").execute(&pool).await?;
            sqlx::query("INSERT INTO rooms VALUES ($1)").bind(mark).execute(&pool).await?;
            std::mem::forget(pool);
            Ok(())
        })
        .await
        .unwrap()
    }
    let template = make("first").await;
    let same = make("second").await;
    let (one, two) = tokio::join!(TestDatabase::new(Some(&template)), TestDatabase::new(Some(&same)));
    let (one, two) = (one.unwrap(), two.unwrap());
    execute(&one.admin_url(), "INSERT INTO rooms VALUES ('attic')").await;
    const NAMES: &str = "SELECT string_agg(name, ',' ORDER BY name) FROM rooms";
    assert_eq!(query(&one.admin_url(), NAMES).await, "attic,first,hall");
    assert_eq!(query(&two.admin_url(), NAMES).await, "first,hall");
    assert_ne!(one.name(), two.name());

    let cluster = one.cluster();
    let name = one.name().to_owned();
    let mut held = PgConnection::connect(&one.admin_url()).await.unwrap();
    drop(one);
    // The connection is cut by the drop of its database: this waits for that, however long it takes.
    let mut gone = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    while sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut gone)
        .await
        .unwrap()
        == Some(1)
    {
        tokio::task::yield_now().await;
    }
    assert!(held.ping().await.is_err());
}

#[tokio::test]
async fn a_template_that_failed_is_made_anew() {
    let failed = Template::make("torn", async |url| {
        execute(&url, "CREATE TABLE half (n int)").await;
        anyhow::bail!("the disk said no")
    });
    assert!(format!("{:#}", failed.await.unwrap_err()).contains("the disk said no"));
    let template = Template::make("torn", async |url| {
        execute(&url, "CREATE TABLE half (n int)").await;
        Ok(())
    });
    let database = TestDatabase::new(Some(&template.await.unwrap())).await.unwrap();
    assert_eq!(query(&database.admin_url(), "SELECT count(*)::text FROM half").await, "0");
}

/// `devpg exec` around a shell that tells DATABASE_URL and then waits for our line.
fn exec(script: &str) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_devpg"))
        .args(["exec", "--", "sh", "-c", &format!("echo $DATABASE_URL; {script}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (child, url.trim().to_owned())
}

fn folder_of(url: &str) -> PathBuf {
    let socket = url.split_once("host=").unwrap().1.replace("%2F", "/");
    Path::new(&socket).parent().unwrap().to_owned()
}

fn postmaster_of(folder: &Path) -> u32 {
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn exec_gives_the_commands_exit_code_and_cleans_up() {
    let (mut child, url) = exec("read line; exit $line");
    let folder = folder_of(&url);
    assert_eq!(query(&url, "SELECT current_database()::text").await, "dev");
    child.stdin.take().unwrap().write_all(b"42\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(42));
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_killed_process_takes_its_postgres_and_folder_along() {
    let (mut child, url) = exec("read line");
    let folder = folder_of(&url);
    let postmaster = postmaster_of(&folder);
    let mut held = PgConnection::connect(&url).await.unwrap();
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut held).await.unwrap();
    assert!(alive(postmaster));
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    until(SOON, || (!alive(postmaster) && !alive(backend.cast_unsigned())).then_some(()))
        .expect("Postgres goes with its parent");
    until(SOON, || (!folder.exists()).then_some(())).expect("the janitor removes the folder");
    assert!(held.ping().await.is_err());
}

#[tokio::test]
async fn a_next_start_sweeps_what_the_janitor_could_not() {
    let (mut child, url) = exec("read line");
    let folder = folder_of(&url);
    // The janitor is the shell among the children whose command line names the folder.
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    let janitor = children
        .split_whitespace()
        .find(|pid| {
            String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap()).contains("devpg-janitor")
        })
        .unwrap();
    let janitor = nix::unistd::Pid::from_raw(janitor.parse().unwrap());
    nix::sys::signal::kill(janitor, nix::sys::signal::Signal::SIGKILL).unwrap();
    let postmaster = postmaster_of(&folder);
    child.kill().unwrap();
    child.wait().unwrap();
    until(SOON, || (!alive(postmaster)).then_some(())).expect("Postgres goes with its parent");
    assert!(folder.join("data").exists(), "nobody is left to remove it");
    Cluster::ephemeral().unwrap().stop();
    assert!(!folder.exists());
}
