//! The command line of `cargo run`.
//!
//! Exit codes: 0 done; 1 anything that failed, a demo that was stopped before its end among it; 2 (clap's) a command line that can't be
//! understood; 128 + n a second signal n. However it ends, `--ephemeral` and `--demo` leave nothing behind: their folder and their Postgres go
//! with the process, also when it is killed.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use bootstrap::config::{LogFormat, TelemetryConfig};
use bootstrap::{stop_by_signal, telemetry};
use clap::Parser;
use devpg::Folder;
use tokio_util::sync::CancellationToken;

use crate::demo::{self, Page, Tongue};
use crate::{Options, Part, run};

/// Runs the four services of Otklik with a private Postgres (or the one of DATABASE_URL), and prints commands to try.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where everything is kept.
    #[arg(long, default_value = ".otklik", value_name = "FOLDER")]
    data: PathBuf,
    /// Keeps nothing: a private Postgres and a folder that go with the process. Not with DATABASE_URL.
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// Starts these services only: ticket, identity, notification, sla.
    #[arg(long, value_delimiter = ',', value_name = "SERVICES")]
    only: Vec<Part>,
    /// Runs the clock this many times as fast.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    time_scale: u32,
    /// Tells the story of a dozen appeals in half a minute, in `ru` or `en` (by LANG), and leaves nothing behind.
    #[arg(
        long, value_name = "LANGUAGE", num_args = 0..=1, default_missing_value = "",
        conflicts_with_all = ["data", "ephemeral", "only", "time_scale"],
    )]
    demo: Option<String>,
}

/// The whole program. `arguments` begin with its name; `--help` and what can't be understood end the process here.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match start(Args::parse_from(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not eprintln, which panics when the terminal is gone.
            let _ = writeln!(std::io::stderr(), "otklik: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What a run is asked for, and the folder that goes when this value does.
fn options(args: Args, environment: Vec<(String, String)>) -> Result<(Options, Option<Folder>)> {
    let set = |name: &str| environment.iter().find(|(it, value)| it == name && !value.is_empty());
    let database_url = set("DATABASE_URL").map(|(_, url)| url.clone());
    let scratch = match (args.ephemeral, &database_url) {
        (true, Some(_)) => bail!(
            "--ephemeral and DATABASE_URL don't go together: that database would keep rows whose keys are thrown away. \
             Unset DATABASE_URL, or leave out --ephemeral"
        ),
        // For us alone: Postgres, which may run as another user, has a folder of its own.
        (true, None) => Some(Folder::create().context("making a folder")?),
        (false, _) => None,
    };
    let options = Options {
        data: scratch.as_ref().map_or(args.data, |it| it.path().to_owned()),
        ephemeral: args.ephemeral,
        parts: if args.only.is_empty() { Part::ALL.to_vec() } else { args.only },
        scale: args.time_scale,
        database_url,
        environment,
    };
    Ok((options, scratch))
}

/// What to do.
async fn play(args: Args, stopper: CancellationToken) -> Result<()> {
    match args.demo.as_deref() {
        None => {
            let (options, _scratch) = options(args, std::env::vars().collect())?;
            run(options, stopper).await
        }
        Some("") => {
            let tongue = Tongue::of_environment(|name| std::env::var(name).ok());
            demo::run(Page::stdout(tongue), stopper).await
        }
        Some(tongue) => demo::run(Page::stdout(tongue.parse()?), stopper).await,
    }
}

fn start(args: Args) -> Result<()> {
    // Warnings only, unless asked: what people watch here is the messages. In a demo the advice to keep the key ring is none.
    let usual = if args.demo.is_some() { "error" } else { "warn" };
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| usual.to_owned());
    let logs = TelemetryConfig {
        filter,
        format: LogFormat::Auto,
        otlp_endpoint: std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok(),
        trace_share: 1.0,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let telemetry = telemetry::init(&logs, "otklik")?;
        let stopper = CancellationToken::new();
        stop_by_signal(stopper.clone())?;
        let outcome = play(args, stopper).await;
        telemetry.shutdown().await;
        outcome
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn asked(line: &[&str], environment: &[(&str, &str)]) -> Result<(Options, Option<Folder>)> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        options(Args::parse_from(["otklik"].iter().chain(line)), environment)
    }

    #[test]
    fn what_is_kept_nowhere_is_not_written_into_a_database_that_stays() {
        let given = ("DATABASE_URL", "postgres://me:hunter2@db/otklik");
        let error = asked(&["--ephemeral"], &[given]).unwrap_err().to_string();
        assert!(error.contains("--ephemeral and DATABASE_URL don't go together"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(asked(&[], &[given]).unwrap().0.database_url.as_deref(), Some(given.1));
        assert_eq!(asked(&["--ephemeral"], &[("DATABASE_URL", "")]).unwrap().0.database_url, None);
    }

    #[test]
    fn an_ephemeral_run_has_a_new_folder_that_nobody_else_enters_and_that_goes() {
        let (options, one) = asked(&["--ephemeral"], &[]).unwrap();
        let (_, other) = asked(&["--ephemeral"], &[]).unwrap();
        assert_ne!(options.data, other.unwrap().path());
        assert_eq!(options.data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(options.data.join("key"), "secret").unwrap();
        drop(one);
        assert!(!options.data.exists());
    }

    #[test]
    fn a_lasting_run_keeps_its_folder() {
        let (options, scratch) = asked(&["--data", "here"], &[]).unwrap();
        assert_eq!(options.data, PathBuf::from("here"));
        assert!(scratch.is_none());
        assert!(Args::try_parse_from(["otklik", "--data", "here", "--ephemeral"]).is_err());
    }
}
