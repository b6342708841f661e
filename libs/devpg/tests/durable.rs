//! Durable clusters: what must survive, and who runs the server when several processes want it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use devpg::{Cluster, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use sqlx::{Connection, PgConnection};

const SOON: Duration = Duration::from_secs(30);

/// A folder of its own in the temporary folder, reachable for the user that Postgres runs as.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let dir = std::env::temp_dir().join(format!("devpg-test-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Folder(dir)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn write(cluster: &Cluster, value: &str) {
    let mut connection = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS kept (value text)").execute(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES ($1)").bind(value).execute(&mut connection).await.unwrap();
}

async fn read(url: &str) -> Result<String, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar("SELECT coalesce(string_agg(value, ',' ORDER BY value), '') FROM kept")
        .fetch_one(&mut connection)
        .await
}

/// Reads as soon as the server answers again.
async fn read_again(url: &str) -> String {
    let again = async {
        loop {
            if let Ok(value) = read(url).await {
                return value;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, again).await.expect("the server comes back")
}

/// `devpg exec --data` in another process; it runs until its standard input says a word.
fn other_process(dir: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_devpg"))
        .args(["exec", "--data"])
        .arg(dir)
        .args(["--", "sh", "-c", "echo $DATABASE_URL; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (child, url.trim().to_owned())
}

fn postmaster_of(cluster: &Cluster) -> Option<u32> {
    std::fs::read_to_string(cluster.data_dir().join("postmaster.pid")).ok()?.lines().next()?.parse().ok()
}

fn sigkill(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

/// As root on a machine without Postgres the folder goes to `nobody`, and the packages then bring the user `postgres`: the next start
/// could not read its own data.
#[tokio::test]
async fn the_folder_stays_with_the_user_it_was_given_to() {
    let folder = Folder::new("owner");
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "before").await;
    let home = cluster.data_dir().parent().unwrap().to_owned();
    drop(cluster);
    if geteuid().is_root() {
        let nobody = User::from_name("nobody").unwrap().expect("nobody is there");
        let given = Command::new("chown")
            .arg("-R")
            .arg(nobody.uid.to_string())
            .args([home.join("data"), home.join("socket")])
            .status();
        assert!(given.unwrap().success());
    }
    let cluster = Cluster::durable(&folder.0).unwrap();
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "before");
}

#[tokio::test]
async fn a_second_start_finds_the_data_port_and_password_of_the_first() {
    let folder = Folder::new("twice");
    let first = Cluster::durable(&folder.0).unwrap();
    assert!(first.is_owner());
    let url = first.admin_url();
    write(&first, "one").await;
    first.stop();
    assert!(read(&url).await.is_err(), "stopped is stopped");
    let second = Cluster::durable(&folder.0).unwrap();
    assert_eq!(second.admin_url(), url);
    assert_eq!(read(&url).await.unwrap(), "one");
}

#[tokio::test]
async fn nobody_enters_without_the_password_and_writes_are_synced() {
    let folder = Folder::new("password");
    let cluster = Cluster::durable(&folder.0).unwrap();
    let socket = folder.0.canonicalize().unwrap().join("socket");
    let port = cluster.port().unwrap();
    let by_socket = format!("postgres://postgres:wrong@localhost:{port}/postgres?host={}", socket.display());
    for url in [cluster.url("postgres", "postgres", "wrong"), cluster.url("postgres", "postgres", ""), by_socket] {
        let refused = PgConnection::connect(&url).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        // 28P01 invalid_password; without one sqlx answers the SCRAM request with an empty one.
        assert_eq!(code.as_deref(), Some("28P01"), "{url}: {refused}");
    }
    let mut connection = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    for (setting, value) in
        [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("listen_addresses", "127.0.0.1")]
    {
        let found: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
        assert_eq!(found, value, "{setting}");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.0.join("cluster.json")), 0o600);
    assert_eq!(mode(socket), 0o700);
    assert!(!folder.0.join("initdb.password").exists());
    assert!(!format!("{cluster:?}").contains(cluster.admin_url().split([':', '@']).nth(2).unwrap()));
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again_with_its_data() {
    let folder = Folder::new("postmaster");
    let cluster = Cluster::durable(&folder.0).unwrap();
    let url = cluster.admin_url();
    for round in ["one", "two", "three"] {
        write(&cluster, round).await;
        let before = cluster.postmaster().unwrap();
        sigkill(before);
        until(SOON, || cluster.postmaster().filter(|now| *now != before)).expect("a new postmaster");
        read_again(&url).await;
    }
    assert_eq!(read(&url).await.unwrap(), "one,three,two");
}

#[test]
fn a_server_that_dies_as_soon_as_it_is_up_is_started_more_and_more_slowly() {
    let folder = Folder::new("dying");
    let cluster = Cluster::durable(&folder.0).unwrap();
    let begin = Instant::now();
    for _ in 0..5 {
        let before = cluster.postmaster().unwrap();
        sigkill(before);
        until(SOON, || cluster.postmaster().filter(|now| *now != before)).expect("a new postmaster");
    }
    // 0 + 0.1 + 0.2 + 0.4 + 0.8 s
    assert!(begin.elapsed() >= Duration::from_millis(1_500), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_killed_process_leaves_a_folder_that_starts_again() {
    let folder = Folder::new("process");
    let (mut child, url) = other_process(&folder.0);
    let mut connection = PgConnection::connect(&url.replace("/dev?", "/postgres?")).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (value text)").execute(&mut connection).await.unwrap();
    sqlx::raw_sql("INSERT INTO kept VALUES ('acknowledged')").execute(&mut connection).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // At once, while the old postmaster may still be going down.
    let cluster = Cluster::durable(&folder.0).unwrap();
    assert!(cluster.is_owner());
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "acknowledged");
}

#[tokio::test]
async fn a_stale_pid_file_that_names_a_live_stranger_is_no_hindrance() {
    let folder = Folder::new("stranger");
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "kept").await;
    let pid_file = cluster.data_dir().join("postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let old = cluster.postmaster().unwrap();
    cluster.stop();
    // The id was given to another process since: this one.
    std::fs::write(&pid_file, text.replacen(&old.to_string(), &std::process::id().to_string(), 1)).unwrap();
    let cluster = Cluster::durable(&folder.0).unwrap();
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "kept");
}

#[tokio::test]
async fn a_second_process_attaches_and_leaves_the_server_running() {
    let folder = Folder::new("attach");
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "shared").await;
    let (mut child, url) = other_process(&folder.0);
    assert_eq!(url, cluster.admin_url_of("dev"));
    let attached = Cluster::durable(&folder.0).unwrap();
    assert!(!attached.is_owner());
    assert_eq!(attached.postmaster(), None);
    assert_eq!(read(&attached.admin_url()).await.unwrap(), "shared");
    attached.stop();
    child.stdin.take().unwrap().write_all(b"done\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "shared", "the owner's server is still there");
}

#[tokio::test]
async fn an_attached_process_takes_over_from_a_killed_owner() {
    let folder = Folder::new("heir");
    let (mut owner, _) = other_process(&folder.0);
    let heir = Cluster::durable(&folder.0).unwrap();
    assert!(!heir.is_owner());
    write(&heir, "inherited").await;
    let before = postmaster_of(&heir).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    let now = until(SOON, || heir.postmaster()).expect("the heir runs the server");
    assert_ne!(now, before);
    assert_eq!(read_again(&heir.admin_url()).await, "inherited");
    assert!(heir.is_owner());
}

#[tokio::test]
async fn a_start_cut_off_in_initdb_is_repeated() {
    let folder = Folder::new("torn");
    std::fs::create_dir_all(folder.0.join("data.new/base")).unwrap();
    std::fs::write(folder.0.join("data.new/PG_VERSION"), "15").unwrap();
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "fresh").await;
    assert!(!folder.0.join("data.new").exists());
}

#[tokio::test]
async fn data_without_its_password_is_not_touched() {
    let folder = Folder::new("lost");
    Cluster::durable(&folder.0).unwrap().stop();
    std::fs::remove_file(folder.0.join("cluster.json")).unwrap();
    let error = format!("{:#}", Cluster::durable(&folder.0).unwrap_err());
    assert!(error.contains("cluster.json"), "{error}");
    assert!(folder.0.join("data/PG_VERSION").exists());
}

#[tokio::test]
async fn a_taken_port_is_given_up_at_a_start() {
    let folder = Folder::new("port");
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "moved").await;
    let port = cluster.port().unwrap();
    cluster.stop();
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let cluster = Cluster::durable(&folder.0).unwrap();
    assert_ne!(cluster.port(), Some(port));
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "moved");
    drop(taken);
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let folder = Folder::new("long");
    let deep = folder.0.join("a-folder-with-a-name-that-is-long/".repeat(4));
    let cluster = Cluster::durable(&deep).unwrap();
    write(&cluster, "deep").await;
    assert_eq!(read(&cluster.admin_url()).await.unwrap(), "deep");
    let record = std::fs::read_to_string(deep.join("cluster.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let socket = PathBuf::from(record["socket"].as_str().unwrap());
    assert!(socket.join(format!(".s.PGSQL.{}", cluster.port().unwrap())).exists(), "{}", socket.display());
    cluster.stop();
    std::fs::remove_dir_all(socket).unwrap();
}

#[tokio::test]
async fn a_folder_out_of_postgres_reach_is_served_from_elsewhere() {
    if !nix::unistd::geteuid().is_root() {
        return; // only root runs Postgres as somebody else
    }
    use std::os::unix::fs::DirBuilderExt;
    let folder = Folder::new("private");
    std::fs::DirBuilder::new().mode(0o700).create(&folder.0).unwrap();
    let cluster = Cluster::durable(&folder.0).unwrap();
    write(&cluster, "reached").await;
    let home = cluster.data_dir().parent().unwrap().to_owned();
    assert!(!home.starts_with(&folder.0), "{}", home.display());
    cluster.stop();
    let again = Cluster::durable(&folder.0).unwrap();
    assert_eq!(read(&again.admin_url()).await.unwrap(), "reached");
    again.stop();
    std::fs::remove_dir_all(home).unwrap();
}
