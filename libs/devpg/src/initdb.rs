//! Making a new data folder.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::binaries::Installation;
use crate::spawn::dies_with_thread;
use crate::user::ServerUser;

pub(crate) const SUPERUSER: &str = "postgres";

/// Who may connect.
pub(crate) enum Access<'a> {
    /// By password alone (SCRAM), on the socket and on TCP.
    Password(&'a str),
    /// By the socket alone, whose folder has mode 0700: the file system is the guard, and no test pays for SCRAM's 4,096
    /// rounds at each connection. Everything on TCP is refused.
    SocketFolder,
}

/// Makes `data` (absent until now). It appears whole or not at all: work cut off leaves only `data.new`.
pub(crate) fn initdb(postgres: &Installation, user: ServerUser, data: &Path, access: &Access<'_>) -> Result<()> {
    let parent = data.parent().context("a data folder has a parent")?;
    let fresh = data.with_extension("new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).with_context(|| format!("removing {}", fresh.display()))?;
    }
    private_folder(&fresh, user)?;

    let mut command = postgres.command("initdb", user);
    command.arg("-D").arg(&fresh).args(["-U", SUPERUSER, "-E", "UTF8", "--lc-collate=C", "--lc-messages=C"]);
    // Plain C knows no letters beyond ASCII, so lower() would leave Cyrillic alone. The order stays that of code points.
    command.arg(if cfg!(target_os = "linux") { "--lc-ctype=C.UTF-8" } else { "--lc-ctype=C" });
    let password_file = parent.join("initdb.password");
    match access {
        Access::Password(password) => {
            let _ = std::fs::remove_file(&password_file);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&password_file)?;
            file.write_all(password.as_bytes())?;
            user.own(&password_file)?;
            command.args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"]);
            command.arg("--pwfile").arg(&password_file);
        }
        Access::SocketFolder => {
            command.args(["--no-sync", "--auth-local=trust", "--auth-host=reject"]);
        }
    }
    dies_with_thread(&mut command, Signal::SIGTERM);
    let done = command.output().context("running initdb");
    let _ = std::fs::remove_file(&password_file);
    let done = done?;
    if !done.status.success() {
        bail!("initdb ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    std::fs::rename(&fresh, data).context("putting the new data folder in its place")?;
    // The rename itself must survive a power cut before anything is acknowledged from the new cluster.
    std::fs::File::open(parent)?.sync_all()?;
    Ok(())
}

/// A folder for Postgres alone; kept when it exists.
pub(crate) fn private_folder(path: &Path, user: ServerUser) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making the folder {}", path.display()))?;
    user.own(path)
}
