//! The command line that every service's binary has.
//!
//! Exit codes: 0 done; 64 (EX_USAGE) the command line or the configuration is wrong, so starting again will not help; 1 anything
//! else; 128 + n a second signal n during the drain.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

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

/// What a command line and a configuration come to before anything is started.
enum Plan<C> {
    /// Start the runtime and do it.
    Do(Box<Settings<C>>, Command),
    /// Print this and be done.
    Print(String),
}

/// The whole `main` of a service's binary.
pub fn main<S: Service>() -> ExitCode {
    let done = plan::<S>(std::env::args_os(), std::env::vars()).and_then(|plan| match plan {
        Plan::Print(text) => {
            print!("{text}");
            Ok(())
        }
        Plan::Do(settings, command) => act::<S>(*settings, command),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", S::NAME);
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    let usage = error.chain().any(|it| it.is::<ConfigError>() || it.is::<clap::Error>());
    if usage { USAGE } else { 1 }
}

fn plan<S: Service>(
    line: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<Plan<S::Config>> {
    let command = Args::command().name(S::NAME).version(env!("CARGO_PKG_VERSION"));
    let parsed = command.try_get_matches_from(line).and_then(|matches| Args::from_arg_matches(&matches));
    let args = match parsed {
        // Help and version come this way too; they are no errors.
        Err(help) if !help.use_stderr() => return Ok(Plan::Print(help.to_string())),
        parsed => parsed?,
    };
    let environment: Vec<_> = environment.into_iter().collect();
    let mut layers = Layers::default().file(args.config.as_deref());
    if let Some((_, filter)) = environment.iter().find(|(name, _)| name == "RUST_LOG") {
        layers = layers.filter(filter);
    }
    let settings = layers.environment(environment).load::<S>()?;
    if args.print_config {
        return Ok(Plan::Print(settings.print()?));
    }
    if args.check_config {
        return Ok(Plan::Print(String::new()));
    }
    Ok(Plan::Do(Box::new(settings), args.command.unwrap_or(Command::Serve)))
}

fn act<S: Service>(settings: Settings<S::Config>, command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let telemetry = telemetry::init(&settings.common.telemetry, S::NAME)?;
        let result = match command {
            Command::Serve => {
                let stopper = CancellationToken::new();
                stop_by_signal(stopper.clone())?;
                run::<S>(settings, Overrides { stopper, ..Overrides::default() }).await
            }
            Command::Migrate { database_url_file } => migrate_schema::<S>(&settings, database_url_file).await,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::Postman;

    fn planned(line: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Plan<<Postman as Service>::Config>> {
        let line = ["post-man"].iter().chain(line).map(Into::into);
        plan::<Postman>(line, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn printed(line: &[&str], environment: &[(&str, &str)]) -> String {
        match planned(line, environment).unwrap() {
            Plan::Print(text) => text,
            Plan::Do(..) => panic!("nothing was to be started"),
        }
    }

    #[test]
    fn serving_is_the_default_and_migrate_takes_its_own_url() {
        assert!(matches!(planned(&[], &[]).unwrap(), Plan::Do(_, Command::Serve)));
        assert!(matches!(planned(&["serve"], &[]).unwrap(), Plan::Do(_, Command::Serve)));
        let plan = planned(&["migrate", "--database-url-file", "/run/admin-url"], &[]).unwrap();
        let Plan::Do(_, Command::Migrate { database_url_file: Some(file) }) = plan else { panic!("not migrate") };
        assert_eq!(file, PathBuf::from("/run/admin-url"));
    }

    #[test]
    fn a_good_configuration_is_checked_silently_and_printed_redacted() {
        assert_eq!(printed(&["--check-config"], &[]), "");
        let text = printed(&["--print-config"], &[("OTKLIK_POST_MAN__SMTP__PASSWORD", "hunter2")]);
        assert!(text.contains("[smtp]") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_wrong_configuration_or_command_line_exits_with_64() {
        let unknown = [("OTKLIK_POST_MAN__SMTP__HOTS", "x")];
        for (line, environment) in [
            (&["--check-config"][..], &unknown[..]),
            (&[], &unknown),
            (&["--config", "/nowhere.toml"], &[]),
            (&["--chek-config"], &[]),
            (&["sreve"], &[]),
        ] {
            let error = planned(line, environment).err().unwrap();
            assert_eq!(exit_code(&error), USAGE, "{line:?}: {error:#}");
        }
        assert_eq!(exit_code(&anyhow::anyhow!("the database is away")), 1);
        assert_eq!(exit_code(&anyhow::Error::new(ConfigError::new("x")).context("while starting")), USAGE);
    }

    #[test]
    fn rust_log_wins_over_the_configured_filter() {
        let variables = [("RUST_LOG", "ticket=trace"), ("OTKLIK_POST_MAN__TELEMETRY__FILTER", "warn")];
        assert!(printed(&["--print-config"], &variables).contains("filter = \"ticket=trace\""));
    }
}
