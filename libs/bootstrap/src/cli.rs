//! The command line that every service's binary has.
//!
//! Exit codes: 0 done; 64 (EX_USAGE) the command line or the configuration is wrong, so starting again will not help; 1 anything
//! else; 128 + n a second signal n during the drain.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    Overrides, Service,
    config::{ConfigError, Layers, Secret, Settings},
    migrate, run, telemetry,
};

/// EX_USAGE of sysexits.h.
const USAGE: u8 = 64;

#[derive(Debug, Parser)]
struct Args {
    /// Configuration file (TOML), above the compiled-in defaults and below the environment.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Checks the configuration and exits.
    #[arg(long, global = true)]
    check_config: bool,
    /// Prints the effective configuration, secrets redacted, and exits.
    #[arg(long, global = true)]
    print_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service (the default).
    Serve,
    /// Applies the migrations of the service's schema and exits.
    Migrate {
        /// File with the URL of a role that may create schemas; else `migrate.url_file` of the configuration.
        #[arg(long, value_name = "FILE")]
        database_url_file: Option<PathBuf>,
    },
}

/// The whole `main` of a service's binary.
pub fn main<S: Service>() -> ExitCode {
    let command = Args::command().name(S::NAME).version(env!("CARGO_PKG_VERSION"));
    let parsed = command.try_get_matches().and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too; they are no errors.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match act::<S>(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", S::NAME);
            if error.is::<ConfigError>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn act<S: Service>(args: Args) -> anyhow::Result<()> {
    let mut layers = Layers::default().file(args.config.as_deref()).environment(std::env::vars());
    if let Ok(filter) = std::env::var("RUST_LOG") {
        layers = layers.filter(&filter);
    }
    let settings = layers.load::<S>()?;
    if args.print_config {
        print!("{}", settings.print()?);
    }
    if args.print_config || args.check_config {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let telemetry = telemetry::init(&settings.common.telemetry, S::NAME)?;
        let result = match args.command {
            None | Some(Command::Serve) => {
                let stopper = CancellationToken::new();
                stop_by_signal(stopper.clone())?;
                run::<S>(settings, Overrides { stopper, ..Overrides::default() }).await
            }
            Some(Command::Migrate { database_url_file }) => migrate_schema::<S>(&settings, database_url_file).await,
        };
        telemetry.shutdown().await;
        result
    })
}

async fn migrate_schema<S: Service>(settings: &Settings<S::Config>, file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = &settings.common.migrate;
    let url = match file {
        Some(file) => Some(Secret::read(&file)?),
        None => Secret::pick("migrate.url", config.url.as_ref(), config.url_file.as_deref())?,
    };
    let url = url.ok_or_else(|| ConfigError::new("`migrate` needs --database-url-file or `migrate.url_file`"))?;
    migrate::<S>(url.expose()).await?;
    tracing::info!(service = S::NAME, schema = S::SCHEMA, "migrated");
    Ok(())
}

/// SIGTERM or Ctrl-C begins the drain; a second one ends the process at once, for the person who will not wait.
///
/// # Errors
/// The handlers can't be installed. Must be called inside a Tokio runtime.
pub fn stop_by_signal(stopper: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for Ctrl-C")?;
    tokio::spawn(async move {
        loop {
            let number = tokio::select! {
                _ = terminate.recv() => 15,
                _ = interrupt.recv() => 2,
            };
            if stopper.is_cancelled() {
                std::process::exit(128 + number);
            }
            tracing::info!(signal = number, "draining; a second signal ends at once");
            stopper.cancel();
        }
    });
    Ok(())
}
