//! The command line that every service has: what follows its name in `otklik ticket serve`.
//!
//! Exit codes: 0 done; 64 (EX_USAGE) the command line or the configuration is wrong, so starting again will not help; 1 anything
//! else; 128 + n a second signal n during the drain.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{
    Overrides, Service,
    config::{ConfigError, Layers, MigrateConfig, Secret, Settings},
    migrate, run, stop_by_signal, telemetry,
};

/// EX_USAGE of sysexits.h.
const USAGE: u8 = 64;

#[derive(Debug, Parser)]
struct Args {
    /// Configuration file (TOML), or a folder whose *.toml are read by order of their names; above the compiled-in defaults and below
    /// the environment.
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Checks all that can be checked without the database, tells every fault, and exits.
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

/// The whole program of a service. `line` begins with the service's name.
pub fn main<S: Service>(line: impl Iterator<Item = OsString>) -> ExitCode {
    let done = plan::<S>(line, std::env::vars()).and_then(|plan| match plan {
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
    let command =
        Args::command().name(S::NAME).bin_name(format!("otklik {}", S::NAME)).version(env!("CARGO_PKG_VERSION"));
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
    let layers = layers.environment(environment);
    if args.print_config {
        return Ok(Plan::Print(layers.load::<S>()?.print()?));
    }
    let command = args.command.unwrap_or(Command::Serve);
    let settings = match &command {
        Command::Serve => {
            let settings = layers.read::<S>()?;
            settings.check::<S>(false)?;
            settings
        }
        Command::Migrate { database_url_file } => {
            let settings = layers.load::<S>()?;
            if args.check_config {
                migrate_url(&settings.common.migrate, database_url_file.as_deref())?;
            }
            settings
        }
    };
    if args.check_config {
        return Ok(Plan::Print(String::new()));
    }
    Ok(Plan::Do(Box::new(settings), command))
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
    let url = migrate_url(&settings.common.migrate, file.as_deref())?;
    migrate::<S>(url.expose()).await?;
    tracing::info!(service = S::NAME, schema = S::SCHEMA, "migrated");
    Ok(())
}

fn migrate_url(config: &MigrateConfig, file: Option<&Path>) -> anyhow::Result<Secret> {
    let picked = match file {
        Some(file) => Secret::read(file).map(Some),
        None => Secret::pick("migrate.url", config.url.as_ref(), config.url_file.as_deref()),
    };
    let url = picked.map_err(|error| ConfigError::new(error.to_string()))?;
    Ok(url.ok_or_else(|| ConfigError::new("`migrate` needs --database-url-file or `migrate.url_file`"))?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rpc::auth::Signer;
    use tempfile::TempDir;

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

    fn refused(line: &[&str], environment: &[(&str, &str)]) -> anyhow::Error {
        planned(line, environment).err().unwrap()
    }

    /// What a service can be started by: a file of its configuration, and the files that it names.
    fn complete() -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let jwks = file("jwks.json", &Signer::generate().unwrap().jwks().unwrap());
        let url = file("url", "postgres://otklik_postman:hunter2@db/otklik\n");
        let token = file("token", "not looked at here");
        let text = format!(
            "[database]\nurl_file = '{url}'\n[auth]\njwks_file = '{jwks}'\n[token]\nfile = '{token}'\n[keys]\nfile = '{}'\n",
            folder.path().join("ring.toml").display()
        );
        let config = file("config.toml", &text);
        (folder, config)
    }

    #[test]
    fn serving_is_the_default_and_migrate_takes_its_own_url() {
        let (_folder, config) = complete();
        assert!(matches!(planned(&["--config", &config], &[]).unwrap(), Plan::Do(_, Command::Serve)));
        assert!(matches!(planned(&["serve", "--config", &config], &[]).unwrap(), Plan::Do(_, Command::Serve)));
        let plan = planned(&["migrate", "--database-url-file", "/run/admin-url"], &[]).unwrap();
        let Plan::Do(_, Command::Migrate { database_url_file: Some(file) }) = plan else { panic!("not migrate") };
        assert_eq!(file, PathBuf::from("/run/admin-url"));
    }

    #[test]
    fn a_good_configuration_is_checked_silently_and_printed_redacted() {
        let (_folder, config) = complete();
        assert_eq!(printed(&["--check-config", "--config", &config], &[]), "");
        let text = printed(&["--print-config"], &[("OTKLIK_POST_MAN__SMTP__PASSWORD", "hunter2")]);
        assert!(text.contains("[smtp]") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn check_config_refuses_what_a_start_refuses_and_tells_all_of_it() {
        let wrong = [
            ("OTKLIK_POST_MAN__GRPC__MAX_IN_FLIGHT", "0"),
            ("OTKLIK_POST_MAN__LANES", "[]"),
            ("OTKLIK_POST_MAN__GRPC__TLS__CERT", "/nowhere/tls.crt"),
            ("OTKLIK_POST_MAN__GRPC__TLS__KEY", "/"),
            ("OTKLIK_POST_MAN__SMTP__PASSWORD_FILE", "/nowhere/password"),
            ("OTKLIK_POST_MAN__PEERS__TICKET__URL", "http://user:hunter2@bad host"),
        ];
        let check = refused(&["--check-config"], &wrong);
        let lines: Vec<_> = check.to_string().lines().map(|line| line.trim().to_owned()).collect();
        assert_eq!(
            lines,
            [
                "10 faults:",
                "`grpc.max_in_flight` (OTKLIK_POST_MAN__GRPC__MAX_IN_FLIGHT) must be at least 1",
                "`lanes` must name at least one lane",
                "neither `database.url_file` (OTKLIK_POST_MAN__DATABASE__URL_FILE) nor `database.url` (OTKLIK_POST_MAN__DATABASE__URL) is given",
                "neither `auth.jwks_file` (OTKLIK_POST_MAN__AUTH__JWKS_FILE) nor `auth.jwks_url` (OTKLIK_POST_MAN__AUTH__JWKS_URL) is given",
                "`token.file` (OTKLIK_POST_MAN__TOKEN__FILE) is missing",
                "`grpc.tls.cert` (OTKLIK_POST_MAN__GRPC__TLS__CERT) /nowhere/tls.crt: entity not found",
                "`grpc.tls.key` (OTKLIK_POST_MAN__GRPC__TLS__KEY) /: is a directory",
                "`peers.ticket.url` (OTKLIK_POST_MAN__PEERS__TICKET__URL) is no URL",
                "`keys.file` (OTKLIK_POST_MAN__KEYS__FILE) is missing",
                "`smtp.password_file` (OTKLIK_POST_MAN__SMTP__PASSWORD_FILE) /nowhere/password: entity not found",
            ]
        );
        assert_eq!(exit_code(&check), USAGE);
        assert_eq!(refused(&["serve"], &wrong).to_string(), check.to_string());
    }

    #[test]
    fn files_are_looked_into_and_not_quoted() {
        let (folder, config) = complete();
        let secret = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        secret("url", "hunter2");
        secret("ring.toml", "[keys]\nhunter2 = 1");
        secret("token", "");
        let text = refused(&["--check-config", "--config", &config], &[]).to_string();
        for key in ["3 faults", "`database.url_file`", "`keys.file`", "`token.file`", "the file is empty"] {
            assert!(text.contains(key), "{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn migrate_is_checked_for_what_migrate_needs() {
        let (folder, _) = complete();
        let error = refused(&["migrate", "--check-config"], &[]);
        assert!(error.to_string().contains("`migrate.url_file`"), "{error}");
        let text = refused(&["migrate", "--check-config", "--database-url-file", "/nowhere/url"], &[]).to_string();
        assert!(text.contains("/nowhere/url"), "{text}");
        let url = folder.path().join("url").display().to_string();
        assert_eq!(printed(&["migrate", "--check-config", "--database-url-file", &url], &[]), "");
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
