//! `devpg exec -- command args..` runs a command with DATABASE_URL leading to a private Postgres.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use devpg::Cluster;
use tokio::signal::unix::{SignalKind, signal};

const DATABASE: &str = "dev";

/// A private Postgres for development.
#[derive(Debug, Parser)]
#[command(name = "devpg")]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Starts a cluster, runs the command with DATABASE_URL (superuser, database `dev`), stops the cluster. The exit code is the command's.
    Exec {
        /// Keep the cluster in this folder, or join the one that runs there. Without it: a new one, gone in the end.
        #[arg(long)]
        data: Option<PathBuf>,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

fn main() -> Result<ExitCode> {
    let Action::Exec { data, command } = Arguments::parse().action;
    let cluster = match data {
        Some(dir) => Cluster::durable(dir)?,
        None => Cluster::ephemeral()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(exec(&cluster, &command));
    cluster.stop();
    code
}

async fn exec(cluster: &Cluster, command: &[std::ffi::OsString]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("a command is needed")?;
    cluster.create_database(DATABASE).await?;
    // Ctrl-C reaches the command by itself; SIGTERM is for us alone and is handed on. Either way Postgres stays until it ended.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env("DATABASE_URL", cluster.admin_url_of(DATABASE))
        .spawn()
        .with_context(|| format!("running {}", program.display()))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupts.recv() => {}
            _ = terminations.recv() => if let Some(id) = child.id() {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id.cast_signed()), nix::sys::signal::Signal::SIGTERM);
            },
        }
    };
    // As shells tell it: 128 and the signal's number.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
