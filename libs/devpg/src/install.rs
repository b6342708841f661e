//! Installing Postgres by the system's own package manager, where that needs no question.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

struct Manager {
    tool: &'static str,
    commands: &'static [&'static [&'static str]],
    /// What a person types who is not root.
    typed: &'static str,
    /// Homebrew is the other way round: it refuses root and needs no rights.
    wants_root: bool,
}

const MANAGERS: &[Manager] = &[
    Manager {
        tool: "apt-get",
        commands: &[&["apt-get", "update"], &["apt-get", "install", "-y", "--no-install-recommends", "postgresql"]],
        typed: "sudo apt-get install -y postgresql",
        wants_root: true,
    },
    Manager {
        tool: "dnf",
        commands: &[&["dnf", "install", "-y", "postgresql-server"]],
        typed: "sudo dnf install -y postgresql-server",
        wants_root: true,
    },
    Manager {
        tool: "apk",
        commands: &[&["apk", "add", "--no-cache", "postgresql"]],
        typed: "sudo apk add postgresql",
        wants_root: true,
    },
    Manager {
        tool: "brew",
        commands: &[&["brew", "install", "postgresql@17"]],
        typed: "brew install postgresql@17",
        wants_root: false,
    },
];

/// Installs Postgres when the system's package manager needs no password for it, telling on stderr what it does.
/// Otherwise an error naming the one command to type.
pub fn install() -> Result<()> {
    let Some(manager) = manager(&on_path).filter(|it| it.wants_root == geteuid().is_root()) else {
        bail!("no Postgres was found; {}", advice());
    };
    for command in manager.commands {
        eprintln!("devpg: no Postgres was found, installing it: {}", command.join(" "));
        let status = Command::new(command[0])
            .args(&command[1..])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::from(std::io::stderr()))
            .status()
            .with_context(|| format!("running {}", command[0]))?;
        // A stale mirror makes `update` fail while the package is still to be had; the install itself must succeed.
        if !status.success() && command[1] != "update" {
            bail!("`{}` ended with {status}; {}", command.join(" "), advice());
        }
    }
    Ok(())
}

/// The sentence with the one command to type.
pub(crate) fn advice() -> String {
    advice_for(manager(&on_path), geteuid().is_root())
}

fn advice_for(manager: Option<&Manager>, root: bool) -> String {
    match manager {
        Some(it) if root => format!("install it with: {}", it.typed.trim_start_matches("sudo ")),
        Some(it) => format!("install it with: {}", it.typed),
        None => "install PostgreSQL 13 or newer (https://www.postgresql.org/download/) or set DATABASE_URL".to_owned(),
    }
}

fn manager(has: &dyn Fn(&str) -> bool) -> Option<&'static Manager> {
    MANAGERS.iter().find(|it| has(it.tool))
}

fn on_path(tool: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_one_command_for_the_person_who_reads_it() {
        let only = |tool: &'static str| manager(&move |asked| asked == tool);
        assert_eq!(advice_for(only("apt-get"), false), "install it with: sudo apt-get install -y postgresql");
        assert_eq!(advice_for(only("apk"), true), "install it with: apk add postgresql");
        assert_eq!(advice_for(only("brew"), false), "install it with: brew install postgresql@17");
        assert!(advice_for(only("pkgin"), true).contains("DATABASE_URL"));
    }

    #[test]
    fn the_systems_own_manager_goes_before_an_added_one() {
        assert_eq!(manager(&|tool| tool == "brew" || tool == "dnf").map(|it| it.tool), Some("dnf"));
    }
}
