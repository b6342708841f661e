//! The data folder: what survives a restart, and where a person finds things.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// ```text
/// .otklik/
///   postgres/         the private cluster
///   clock.json        the anchor of a clock that ran fast once
///   auth/seed         the key that tokens are signed with;  auth/jwks.json its public half
///   keys/ticket.toml  what personal data is sealed under, one ring a service
///   roles/ticket      the password of a service's database role
///   tokens/citizen    a token per role, and services/ticket one per service; renewed at each start
/// ```
#[derive(Clone, Debug)]
pub struct Home {
    dir: PathBuf,
}

// === impl Home ===

impl Home {
    /// Opens the folder, making it (for its owner alone) if it is missing.
    ///
    /// # Errors
    /// It can't be made.
    pub fn open(dir: &Path) -> Result<Self> {
        let make = |path: &Path, mode| {
            DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(path)
                .with_context(|| format!("making {}", path.display()))
        };
        // 0755: Postgres runs as another user when started by root, and must pass through.
        make(dir, 0o755)?;
        for part in ["auth", "keys", "roles", "tokens", "tokens/services"] {
            make(&dir.join(part), 0o700)?;
        }
        Ok(Self { dir: dir.canonicalize()? })
    }

    /// The folder as a whole.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A path inside.
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.dir.join(inside)
    }

    /// What the file holds, or what `make` gives, kept for ever: the first of several processes wins.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn keep(&self, inside: &str, make: impl FnOnce() -> String) -> Result<String> {
        let path = self.path(inside);
        if !path.exists() {
            // Linking a whole file into place is atomic and fails when another process was first.
            let draft = self.draft(inside);
            write_private(&draft, &make())?;
            let linked = fs::hard_link(&draft, &path);
            fs::remove_file(&draft).ok();
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| format!("writing {}", path.display()));
                }
                _ => {}
            }
        }
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// Replaces a file as a whole.
    ///
    /// # Errors
    /// It can't be written.
    pub fn replace(&self, inside: &str, text: &str) -> Result<PathBuf> {
        let (draft, path) = (self.draft(inside), self.path(inside));
        write_private(&draft, text)?;
        fs::rename(&draft, &path).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// What a file holds, if it is there.
    pub fn read(&self, inside: &str) -> Option<String> {
        fs::read_to_string(self.path(inside)).ok()
    }

    fn draft(&self, inside: &str) -> PathBuf {
        self.path(format!("{inside}.{}.new", std::process::id()))
    }
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::Home;

    #[test]
    fn what_was_kept_first_stays() {
        let dir = std::env::temp_dir().join(format!("otklik-home-{}", std::process::id()));
        let home = Home::open(&dir).unwrap();
        assert_eq!(home.keep("auth/seed", || "first".into()).unwrap(), "first");
        assert_eq!(home.keep("auth/seed", || "second".into()).unwrap(), "first");
        home.replace("clock.json", "a").unwrap();
        home.replace("clock.json", "b").unwrap();
        assert_eq!(home.read("clock.json").as_deref(), Some("b"));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
