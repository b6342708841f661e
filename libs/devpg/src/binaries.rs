//! Finding Postgres: PATH first, then the folders that packages use. A candidate counts only after its own `postgres`
//! and `initdb` have answered `--version`, run as the user that will run them: PATH may hold wrappers that refuse root, or a
//! client-only install.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::user::ServerUser;

/// `DROP DATABASE .. WITH (FORCE)` came with 13.
const OLDEST_MAJOR: u32 = 13;

/// One `*` per path; expanded newest version first.
const USUAL_FOLDERS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// A folder that holds a working `postgres` and `initdb` of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder of the real binaries, links resolved.
    pub bin: PathBuf,
    /// 15 of "15.18".
    pub major: u32,
}

impl Installation {
    pub(crate) fn command(&self, tool: &str, user: ServerUser) -> Command {
        let mut command = Command::new(self.bin.join(tool));
        // The caller's PG* variables and locale must not leak into the server; messages are read by the keeper.
        command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        user.apply(&mut command);
        command
    }
}

/// The Postgres to use, or an error naming the one command that installs it.
pub fn find() -> Result<Installation> {
    match installations(None)?.into_iter().next() {
        Some(found) => Ok(found),
        None => bail!("no Postgres was found; {}", crate::install::advice()),
    }
}

/// [`find`], installing when nothing is there. `major`: only that version will do, because a data folder has it.
pub(crate) fn find_or_install(major: Option<u32>) -> Result<Installation> {
    if let Some(found) = installations(major)?.into_iter().next() {
        return Ok(found);
    }
    if let Some(major) = major {
        bail!(
            "the data folder was made by Postgres {major}, which was not found; install that version or remove the folder"
        );
    }
    crate::install::install()?;
    find()
}

fn installations(major: Option<u32>) -> Result<Vec<Installation>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = search(&path, USUAL_FOLDERS, ServerUser::choose()?);
    found.retain(|it| it.major >= OLDEST_MAJOR && major.is_none_or(|wanted| it.major == wanted));
    Ok(found)
}

fn search(path: &OsStr, usual: &[&str], user: ServerUser) -> Vec<Installation> {
    let mut seen = HashSet::new();
    let on_path = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    on_path
        .chain(usual.iter().flat_map(|pattern| expand(pattern)))
        // A link on PATH leads to the folder that has the other tools and the shared files.
        .filter_map(|dir| Some(dir.join("initdb").canonicalize().ok()?.parent()?.to_path_buf()))
        .filter(|bin| seen.insert(bin.clone()))
        .filter_map(|bin| prove(bin, user))
        .collect()
}

fn prove(bin: PathBuf, user: ServerUser) -> Option<Installation> {
    let candidate = Installation { bin, major: 0 };
    let version = |tool: &str| {
        let answer = candidate.command(tool, user).arg("--version").output().ok()?;
        if !answer.status.success() {
            return None;
        }
        major_of(&String::from_utf8_lossy(&answer.stdout))
    };
    let major = version("postgres")?;
    (version("initdb")? == major).then_some(Installation { major, ..candidate })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `initdb (PostgreSQL) 18beta1`.
fn major_of(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((head, tail)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = head.rsplit_once('/').unwrap_or(("", head));
    let Ok(entries) = Path::new(if parent.is_empty() { "/" } else { parent }).read_dir() else { return Vec::new() };
    let mut matching: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let rest = name.strip_prefix(prefix)?;
            let version = rest.trim_start_matches('@').split('.').next().and_then(|v| v.parse().ok()).unwrap_or(0);
            Some((version, PathBuf::from(format!("{parent}/{name}{tail}"))))
        })
        .collect();
    matching.sort_by(|a, b| b.cmp(a));
    matching.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn tool(dir: &Path, name: &str, script: &str) {
        std::fs::create_dir_all(dir).unwrap();
        let path = dir.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn folder(name: &str) -> PathBuf {
        let dir = crate::scratch::base().unwrap().join(format!("binaries-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("initdb (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("PostgreSQL"), None);
    }

    #[test]
    fn wrappers_and_halves_are_passed_over_for_the_newest_real_one() {
        let root = folder("search");
        tool(&root.join("wrapper"), "initdb", "echo 'refusing' >&2; exit 1");
        tool(&root.join("wrapper"), "postgres", "echo 'postgres (PostgreSQL) 17.1'");
        tool(&root.join("client-only"), "initdb", "echo 'initdb (PostgreSQL) 17.1'");
        for major in ["9", "14", "16"] {
            let bin = root.join("pg").join(major).join("bin");
            tool(&bin, "initdb", &format!("echo 'initdb (PostgreSQL) {major}.2'"));
            tool(&bin, "postgres", &format!("echo 'postgres (PostgreSQL) {major}.2'"));
        }
        let path = std::env::join_paths([root.join("wrapper"), root.join("client-only")]).unwrap();
        let usual = format!("{}/pg/*/bin", root.display());
        let found = search(&path, &[&usual], ServerUser::choose().unwrap());
        let majors: Vec<u32> = found.iter().map(|it| it.major).collect();
        assert_eq!(majors, [16, 14, 9], "{found:?}");
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_link_on_path_leads_to_the_real_folder_once() {
        let root = folder("link");
        let real = root.join("real").canonicalize().unwrap_or(root.join("real"));
        tool(&real, "initdb", "echo 'initdb (PostgreSQL) 16.2'");
        tool(&real, "postgres", "echo 'postgres (PostgreSQL) 16.2'");
        std::fs::create_dir(root.join("links")).unwrap();
        std::os::unix::fs::symlink(real.join("initdb"), root.join("links/initdb")).unwrap();
        let path = std::env::join_paths([root.join("links"), real.clone()]).unwrap();
        let found = search(&path, &[], ServerUser::choose().unwrap());
        assert_eq!(found, [Installation { bin: real.canonicalize().unwrap(), major: 16 }]);
        std::fs::remove_dir_all(root).unwrap();
    }
}
