//! A durable cluster's folder: what is kept where, and the record that lets the next process in.
//!
//! ```text
//! <dir>/lock           held by the process that runs Postgres
//! <dir>/cluster.json   mode 0600: port, superuser's password, where the two below are
//! <home>/data          mode 0700: Postgres's own
//! <home>/socket        mode 0700: the Unix socket (in a short temporary folder when this path is too long)
//! <home>/postgres.log
//! ```
//! `home` is `dir`, unless we are root and the user that Postgres runs as can't get there (`/root/...`): then it
//! is a folder under `/var/lib/devpg`.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::scratch::{LONGEST_SOCKET_FOLDER, base};
use crate::user::ServerUser;

const ELSEWHERE: &str = "/var/lib/devpg";

/// No Debug: it holds the password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) port: u16,
    pub(crate) password: String,
    pub(crate) home: PathBuf,
    pub(crate) socket: PathBuf,
}

impl Record {
    pub(crate) fn new(dir: &Path, user: ServerUser) -> Result<Record> {
        let id = format!("{:016x}", rand::random::<u64>());
        let home = if user.reaches(dir)? {
            dir.to_owned()
        } else {
            let home = Path::new(ELSEWHERE).join(&id);
            DirBuilder::new().recursive(true).mode(0o755).create(&home).with_context(|| {
                format!("Postgres can't get into {}, and {} can't be made", dir.display(), home.display())
            })?;
            home
        };
        let near = home.join("socket");
        let socket =
            if near.as_os_str().len() <= LONGEST_SOCKET_FOLDER { near } else { base()?.join(format!("s-{id}")) };
        let password = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        Ok(Record { port: free_port()?, password, home, socket })
    }

    pub(crate) fn read(dir: &Path) -> Result<Option<Record>> {
        let path = path(dir);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("reading {}", path.display()))?,
        };
        Ok(Some(serde_json::from_str(&text).with_context(|| format!("understanding {}", path.display()))?))
    }

    /// Replaces the file whole. Only the lock's holder writes it.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let fresh = dir.join("cluster.json.new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path(dir))?;
        Ok(File::open(dir)?.sync_all()?)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("postgres.log")
    }

    /// Gives up the stored port when somebody else has it by now. Only at a start: later, others know our address.
    pub(crate) fn settle_port(&mut self, dir: &Path) -> Result<()> {
        if TcpListener::bind(("127.0.0.1", self.port)).is_ok() {
            return Ok(());
        }
        self.port = free_port()?;
        self.write(dir)
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("cluster.json")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("asking for a free port")?.local_addr()?.port())
}

/// The major version that made the data folder; `None` when there is none yet.
pub(crate) fn major_of(data: &Path) -> Result<Option<u32>> {
    let path = data.join("PG_VERSION");
    match std::fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => bail!("{} holds {text:?}, not a version", path.display()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !data.exists() => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
