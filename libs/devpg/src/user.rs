//! The drop of privileges: which user a cluster's processes run as, and what that user can reach.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

/// The user that Postgres runs as; `Ourselves` unless we are root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerUser {
    Ourselves,
    Other { uid: u32, gid: u32 },
}

impl ServerUser {
    /// `postgres` comes with the packages; `nobody` exists nearly everywhere else.
    pub(crate) fn choose() -> Result<ServerUser> {
        if !geteuid().is_root() {
            return Ok(ServerUser::Ourselves);
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).with_context(|| format!("looking up the user {name}"))? {
                return Ok(ServerUser::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() });
            }
        }
        bail!("Postgres refuses to run as root and there is no user `postgres` or `nobody` to run it as")
    }

    /// The user for this data folder: whoever it was given to, or [`Self::choose`] when there is none yet. The choice may change
    /// between two starts, as the packages of Postgres bring the user `postgres` with them; the folder's owner does not.
    pub(crate) fn serving(data: &Path) -> Result<ServerUser> {
        match data.metadata() {
            Ok(meta) if geteuid().is_root() && meta.uid() != 0 => {
                Ok(ServerUser::Other { uid: meta.uid(), gid: meta.gid() })
            }
            _ => ServerUser::choose(),
        }
    }

    pub(crate) fn apply(self, command: &mut Command) {
        if let ServerUser::Other { uid, gid } = self {
            // The standard library also clears the supplementary groups here.
            command.uid(uid).gid(gid);
        }
    }

    pub(crate) fn own(self, path: &Path) -> Result<()> {
        if let ServerUser::Other { uid, gid } = self {
            chown(path, Some(uid), Some(gid)).with_context(|| format!("giving {} to Postgres", path.display()))?;
        }
        Ok(())
    }

    /// Whether this user may pass through every folder down to `dir` (ACLs aside). `/root` and `~` of others are the usual no.
    pub(crate) fn reaches(self, dir: &Path) -> Result<bool> {
        let ServerUser::Other { uid, gid } = self else { return Ok(true) };
        for folder in dir.ancestors() {
            let meta = folder.metadata().with_context(|| format!("looking at {}", folder.display()))?;
            let bit = if meta.uid() == uid {
                0o100
            } else if meta.gid() == gid {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
