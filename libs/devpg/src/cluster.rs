//! The cluster as its users see it.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::binaries::find_or_install;
use crate::home::{Record, major_of};
use crate::initdb::{Access, SUPERUSER, initdb, private_folder};
use crate::keeper::{Keeper, Plan, is_served};
use crate::scratch::Scratch;
use crate::user::ServerUser;
use crate::wait::until;

/// An owner's start may install nothing but may recover for two minutes.
const ATTACHED_WITHIN: Duration = Duration::from_secs(150);
/// A socket's file name needs a port; nothing listens on it.
const SOCKET_ONLY_PORT: u16 = 5432;
/// The log is for reading after a failure, not an archive.
const LOG_KEPT: u64 = 8 * 1024 * 1024;

/// Pools of four services, twice over, beside the tests' own.
const SHARED: [&str; 4] = ["max_connections=200", "jit=off", "timezone=UTC", "log_timezone=UTC"];
/// terse: a failed statement is logged without its detail, which quotes values.
const DURABLE: [&str; 2] = ["listen_addresses=127.0.0.1", "log_error_verbosity=terse"];
const EPHEMERAL: [&str; 4] = ["listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A private Postgres. Dropping it stops the server (fast) if this process runs it, and waits for that.
pub struct Cluster {
    address: Address,
    data: PathBuf,
    keeper: Keeper,
    // After the keeper: the folder goes when the server is gone.
    _scratch: Option<Scratch>,
}

enum Address {
    Tcp { port: u16, password: String },
    Socket { folder: PathBuf },
}

impl Cluster {
    /// The cluster kept in `dir`, made when there is none: fsync on, SCRAM password on loopback TCP and on its socket, the same
    /// port at every start while that is free. When a live process runs it already, this one attaches to it
    /// and takes over, at the same address, once that process ends. Blocks (about 0.6 s when new, 0.05 s when not).
    ///
    /// # Errors
    /// No Postgres and no way to install it; a folder that can't be written, was made by another major version, or lost its
    /// `cluster.json`; a server that does not start (with the end of its log).
    pub fn durable(dir: impl AsRef<Path>) -> Result<Cluster> {
        let dir = dir.as_ref();
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(dir)
            .with_context(|| format!("making {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let lock = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
        let found = until(ATTACHED_WITHIN, || {
            if lock.try_lock().is_ok() {
                return Some(Ok(None));
            }
            match Record::read(&dir) {
                Ok(Some(record)) if is_served(&record.data()) => Some(Ok(Some(record))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            }
        });
        match found.unwrap_or_else(|| Err(anyhow!("another process holds {} but runs no Postgres", dir.display())))? {
            Some(record) => {
                let plan = durable_plan(&record)?;
                Ok(Cluster::at(record, Keeper::inherit(plan, lock)?))
            }
            None => {
                let record = prepare(&dir)?;
                let plan = durable_plan(&record)?;
                Ok(Cluster::at(record, Keeper::start(plan, lock)?))
            }
        }
    }

    fn at(record: Record, keeper: Keeper) -> Cluster {
        let data = record.data();
        Cluster { address: Address::Tcp { port: record.port, password: record.password }, data, keeper, _scratch: None }
    }

    /// A new cluster that nobody else sees and that leaves nothing behind: no fsync, no TCP, a socket in a folder of mode 0700 as
    /// the only way in (passwords are not looked at). Blocks (about 0.6 s).
    ///
    /// # Errors
    /// As [`Cluster::durable`].
    pub fn ephemeral() -> Result<Cluster> {
        let postgres = find_or_install(None)?;
        let user = ServerUser::choose()?;
        let (scratch, lock, leash) = Scratch::create()?;
        let (data, socket) = (scratch.dir.join("data"), scratch.dir.join("socket"));
        initdb(&postgres, user, &data, &Access::SocketFolder)?;
        private_folder(&socket, user)?;
        let plan = Plan {
            postgres,
            user,
            data: data.clone(),
            socket: socket.clone(),
            port: SOCKET_ONLY_PORT,
            settings: [&SHARED[..], &EPHEMERAL].concat(),
            log: scratch.dir.join("postgres.log"),
            leash: Some(leash),
            restart: false,
        };
        let keeper = Keeper::start(plan, lock)?;
        Ok(Cluster { address: Address::Socket { folder: socket }, data, keeper, _scratch: Some(scratch) })
    }

    /// The superuser's URL, database `postgres`.
    pub fn admin_url(&self) -> String {
        self.admin_url_of("postgres")
    }

    /// The superuser's URL of another database.
    pub fn admin_url_of(&self, database: &str) -> String {
        match &self.address {
            Address::Tcp { password, .. } => self.url(database, SUPERUSER, password),
            Address::Socket { .. } => self.url(database, SUPERUSER, ""),
        }
    }

    /// The URL of `database` for `role`; sqlx and libpq understand it alike.
    pub fn url(&self, database: &str, role: &str, password: &str) -> String {
        let (database, role, password) = (encoded(database), encoded(role), encoded(password));
        let login = if password.is_empty() { role } else { format!("{role}:{password}") };
        match &self.address {
            Address::Tcp { port, .. } => format!("postgres://{login}@127.0.0.1:{port}/{database}?sslmode=disable"),
            Address::Socket { folder } => {
                let folder = encoded(&folder.to_string_lossy());
                format!("postgres://{login}@localhost:{SOCKET_ONLY_PORT}/{database}?host={folder}")
            }
        }
    }

    /// Creates an empty database unless it exists; tells whether it did create it.
    ///
    /// # Errors
    /// A name that is not of `[a-z0-9_]`; whatever Postgres refuses.
    pub async fn create_database(&self, name: &str) -> Result<bool> {
        // template0: nobody can be connected to it, which would make the copy fail.
        match self.copy_database(name, "template0").await {
            Ok(()) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn copy_database(&self, name: &str, template: &str) -> Result<()> {
        self.admin_sql(&format!("CREATE DATABASE {} TEMPLATE {}", identifier(name)?, identifier(template)?)).await
    }

    pub(crate) async fn drop_database(&self, name: &str) -> Result<()> {
        self.admin_sql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name)?)).await
    }

    /// Statements whose text can't be fixed, because an identifier is not a parameter. Each runs on a connection of its own: callers
    /// live on runtimes that end with their test.
    pub(crate) async fn admin_sql(&self, statement: &str) -> Result<()> {
        let mut connection = PgConnection::connect(&self.admin_url()).await?;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// The folder that Postgres itself calls its data folder.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The loopback port; `None` for an ephemeral cluster, which has only its socket.
    pub fn port(&self) -> Option<u16> {
        match self.address {
            Address::Tcp { port, .. } => Some(port),
            Address::Socket { .. } => None,
        }
    }

    /// Whether this process runs the server (otherwise it attached to another's).
    pub fn is_owner(&self) -> bool {
        self.keeper.is_owner()
    }

    /// The postmaster's process id, when this process runs it and it is up: what a fault test kills.
    pub fn postmaster(&self) -> Option<u32> {
        self.keeper.postmaster()
    }

    /// Stops the server, if this process runs it, and waits for its end. Same as dropping.
    pub fn stop(self) {}
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.keeper.stop();
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("data", &self.data).field("port", &self.port()).finish_non_exhaustive()
    }
}

/// As the owner: the record and the data folder, made when missing.
fn prepare(dir: &Path) -> Result<Record> {
    let kept = Record::read(dir)?;
    if kept.as_ref().is_none_or(|record| !record.data().exists()) {
        // Before a user is chosen: installing Postgres may bring the one that it is to run as.
        find_or_install(None)?;
    }
    let mut record = match kept {
        Some(record) => record,
        None if dir.join("data").exists() => {
            bail!("{} has data but no cluster.json with the password; put it back or remove the folder", dir.display())
        }
        None => {
            let record = Record::new(dir, ServerUser::choose()?)?;
            record.write(dir)?;
            record
        }
    };
    let data = record.data();
    let user = ServerUser::serving(&data)?;
    if major_of(&data)?.is_none() {
        DirBuilder::new().recursive(true).mode(0o755).create(&record.home)?;
        initdb(&find_or_install(None)?, user, &data, &Access::Password(&record.password))?;
    }
    private_folder(&record.socket, user)?;
    if record.log().metadata().is_ok_and(|log| log.len() > LOG_KEPT) {
        std::fs::remove_file(record.log())?;
    }
    if !is_served(&data) {
        record.settle_port(dir)?;
    }
    Ok(record)
}

fn durable_plan(record: &Record) -> Result<Plan> {
    let data = record.data();
    Ok(Plan {
        postgres: find_or_install(major_of(&data)?)?,
        user: ServerUser::serving(&data)?,
        data,
        socket: record.socket.clone(),
        port: record.port,
        settings: [&SHARED[..], &DURABLE].concat(),
        log: record.log(),
        leash: None,
        restart: true,
    })
}

/// Names are made by programs; quoting rules are not worth their risk here.
fn identifier(name: &str) -> Result<&str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 63 || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(fits) {
        bail!("a database is named by up to 63 of a-z, 0-9 and _, not {name:?}");
    }
    Ok(name)
}

fn is_duplicate(error: &anyhow::Error) -> bool {
    let database = error.downcast_ref::<sqlx::Error>().and_then(|error| error.as_database_error());
    // duplicate_database; unique_violation when two processes create it at the same moment.
    database.and_then(|error| error.code()).is_some_and(|code| code == "42P04" || code == "23505")
}

fn encoded(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    part.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
