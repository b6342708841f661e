//! Folders of ephemeral clusters and of ephemeral runs, and the three ways in which they disappear: at the end, by the janitor when we
//! are killed, by the next start's sweep when the janitor was killed too.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use crate::user::ServerUser;

/// `sockaddr_un` holds 104 bytes on macOS and 108 on Linux; `/.s.PGSQL.65535` and the final zero take 16.
pub(crate) const LONGEST_SOCKET_FOLDER: usize = 104 - 16;

#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) dir: PathBuf,
    janitor: Child,
}

/// A folder for its owner alone that goes with this value, and with the process, however it ends.
#[derive(Debug)]
pub struct Folder {
    // In this order: the janitor waits for the end of the leash, and we for the janitor's.
    _leash: OwnedFd,
    _lock: File,
    scratch: Scratch,
}

impl Folder {
    /// A new one, empty but for the file that shows that it is in use.
    ///
    /// # Errors
    /// The system's folder for such things can't be written, or the janitor not be started.
    pub fn create() -> Result<Self> {
        let (scratch, lock, leash) = Scratch::create()?;
        // Postgres need not pass through.
        fs::set_permissions(&scratch.dir, Permissions::from_mode(0o700))?;
        Ok(Self { _leash: leash, _lock: lock, scratch })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.scratch.dir
    }
}

impl Scratch {
    /// A new folder, the file lock that proves its owner alive, and the leash: once every copy of it is closed, the
    /// janitor removes the folder.
    pub(crate) fn create() -> Result<(Scratch, File, OwnedFd)> {
        let base = base()?;
        let gate = File::create(base.join("lock"))?;
        // A folder without its lock looks stale, so none is made while another process sweeps.
        gate.lock()?;
        sweep(&base);
        let dir = base.join(format!("e{}-{:08x}", std::process::id(), rand::random::<u32>()));
        DirBuilder::new().mode(0o755).create(&dir)?;
        let lock = File::create_new(dir.join("lock"))?;
        lock.try_lock().context("locking a folder that was just made")?;
        let mut janitor = Command::new("/bin/sh")
            .args(["-c", r#"trap "" HUP INT TERM; cat >/dev/null; rm -rf -- "$1""#, "devpg-janitor"])
            .arg(&dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting the shell that removes the folder in the end")?;
        let leash = janitor.stdin.take().context("the pipe just asked for")?;
        Ok((Scratch { dir, janitor }, lock, leash.into()))
    }
}

impl Drop for Scratch {
    /// The leash is closed by now: the cluster is stopped before its folder goes.
    fn drop(&mut self) {
        let _ = self.janitor.wait();
    }
}

/// `<tmp>/devpg-<uid>`: short enough for a socket path, reachable for Postgres, and ours (`/tmp` is everybody's).
pub(crate) fn base() -> Result<PathBuf> {
    let user = ServerUser::choose()?;
    let own = std::env::temp_dir();
    let fits = |tmp: &Path| tmp.as_os_str().len() + 48 <= LONGEST_SOCKET_FOLDER && user.reaches(tmp).unwrap_or(false);
    let tmp = if fits(&own) { own } else { PathBuf::from("/tmp") };
    let base = tmp.join(format!("devpg-{}", geteuid()));
    if let Err(error) = DirBuilder::new().mode(0o755).create(&base)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(error).with_context(|| format!("making the folder {}", base.display()));
    }
    let meta = base.symlink_metadata()?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
        bail!("{} belongs to somebody else", base.display());
    }
    Ok(base)
}

/// Removes what killed runs left behind. The gate is held.
fn sweep(base: &Path) {
    for entry in base.read_dir().into_iter().flatten().flatten() {
        let is_scratch = entry.file_name().to_string_lossy().starts_with('e');
        let alive = File::open(entry.path().join("lock")).is_ok_and(|lock| lock.try_lock().is_err());
        if is_scratch && !alive {
            // What can't be removed now (its janitor is at it) is gone by the next sweep.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::until;
    use std::time::Duration;

    #[test]
    fn the_folder_goes_with_the_last_copy_of_the_leash() {
        let (scratch, _lock, leash) = Scratch::create().unwrap();
        let copy = leash.try_clone().unwrap();
        let dir = scratch.dir.clone();
        drop(leash);
        assert!(dir.exists());
        drop(copy);
        drop(scratch);
        assert!(!dir.exists());
    }

    #[test]
    fn a_folder_is_its_owners_alone_and_goes_with_what_is_in_it() {
        let folder = Folder::create().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(path.join("auth")).unwrap();
        fs::write(path.join("auth/seed"), "secret").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_sweep_takes_dead_folders_and_leaves_live_ones() {
        let base = base().unwrap().join(format!("sweep-{}", std::process::id()));
        std::fs::create_dir_all(base.join("e1-dead/data")).unwrap();
        std::fs::create_dir_all(base.join("e2-live")).unwrap();
        std::fs::create_dir_all(base.join("other")).unwrap();
        File::create(base.join("e1-dead/lock")).unwrap();
        let live = File::create(base.join("e2-live/lock")).unwrap();
        live.lock().unwrap();
        sweep(&base);
        assert!(!base.join("e1-dead").exists());
        assert!(base.join("e2-live").exists());
        assert!(base.join("other").exists());
        drop(live);
        // A process forked by another test at this moment holds a copy of the lock until its exec.
        until(Duration::from_secs(10), || {
            sweep(&base);
            (!base.join("e2-live").exists()).then_some(())
        })
        .unwrap();
        std::fs::remove_dir_all(base).unwrap();
    }
}
