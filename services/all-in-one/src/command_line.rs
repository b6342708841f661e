//! The command line of `cargo run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bootstrap::config::{LogFormat, TelemetryConfig};
use bootstrap::{stop_by_signal, telemetry};
use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::{Options, Part, run};

/// Runs the four services of Otklik with a private Postgres (or the one of DATABASE_URL), and prints commands to try.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where everything is kept.
    #[arg(long, default_value = ".otklik", value_name = "FOLDER")]
    data: PathBuf,
    /// Keeps nothing: a database that goes with the process, in a folder of its own.
    #[arg(long)]
    ephemeral: bool,
    /// Starts these services only: ticket, identity, notification, sla.
    #[arg(long, value_delimiter = ',', value_name = "SERVICES")]
    only: Vec<Part>,
    /// Runs the clock this many times as fast.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    time_scale: u32,
}

/// The whole program. `arguments` begin with its name; `--help` and what can't be understood end the process here.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match start(Args::parse_from(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("otklik: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<()> {
    let parts = if args.only.is_empty() { Part::ALL.to_vec() } else { args.only };
    let scratch = std::env::temp_dir().join(format!("otklik-{}", std::process::id()));
    let options = Options {
        data: if args.ephemeral { scratch.clone() } else { args.data },
        ephemeral: args.ephemeral,
        parts,
        scale: args.time_scale,
        database_url: std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()),
        environment: std::env::vars().collect(),
    };
    // Warnings only, unless asked: what people watch here is the messages.
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
    let logs = TelemetryConfig {
        filter,
        format: LogFormat::Auto,
        otlp_endpoint: std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok(),
        trace_share: 1.0,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let telemetry = telemetry::init(&logs, "otklik")?;
        let stopper = CancellationToken::new();
        stop_by_signal(stopper.clone())?;
        let outcome = run(options, stopper).await;
        telemetry.shutdown().await;
        outcome
    });
    if args.ephemeral {
        std::fs::remove_dir_all(scratch).ok();
    }
    outcome
}
