//! What the suite can do, and what it costs: every goal of speed, measured against the same work in bare SQL.
//!
//! ```text
//!  cargo run --release -p tests --bin load-report                             an hour, everything
//!  cargo run --release -p tests --bin load-report -- --only filing,relay      some of it
//!  cargo run --release -p tests --bin load-report -- --quick                  two minutes, to see that the method works
//!
//!            clients, stub peers, SMS centre (this process)                 pgbench
//!                │ gRPC               ▲                                        │ the same rows and indexes
//!                ▼                    │ calls, SMS                             ▼ in one round trip
//!            the service (a process of its own: this program under its name)   │
//!                └──────────► one durable Postgres of the report's own ◄───────┘
//! ```
//!
//! - Ours and the baseline run by turns, each as often; told are medians. What has no baseline is one run, unless it says otherwise. What
//!   the disk takes to keep a page is measured first.
//! - The baseline is written by hand only where it must be: filing's statement is made of the rows that our own service wrote a moment
//!   before, so tables, columns and sizes are the same whatever they become.
//! - Each scenario makes databases of its own and removes them. Its result is kept below `target/load`, so one can be repeated alone;
//!   `tests/load/report.md`, `report.svg` and the README's table are written anew after each.
//! - What fails (a call that is refused, a row that is missing in the end) fails the run: a fast wrong answer is no figure.

mod arguments;
mod arithmetic;
mod cost;
mod dispatch;
mod figure;
mod filing;
mod footprint;
mod house;
mod machine;
mod peer;
mod pgbench;
mod postgres;
mod procs;
mod rebase;
mod relay;
mod report;
mod sampler;
mod sla;
mod statistics;
mod waits;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use clock::{Clock as _, SystemClock};

use self::arguments::{Arguments, Scenario, Sizes};
use self::house::House;
use self::postgres::Server;
use self::report::{Place, Report, Section};

/// What every scenario works with.
#[derive(Debug)]
pub struct Stage {
    /// Postgres.
    pub server: Server,
    /// The services' keys and tokens.
    pub house: House,
    /// How much of everything.
    pub sizes: Sizes,
}

fn main() -> ExitCode {
    if let Some(code) = house::as_service() {
        return code;
    }
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = run(&arguments) => outcome,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("ended by a signal")),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load-report: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    ensure!(
        arguments.quick || !cfg!(debug_assertions),
        "figures of a debug build mean nothing: cargo run --release -p tests --bin load-report"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the repository's root")?;
    let place = if arguments.quick { Place::quick(root) } else { Place::kept(root) };
    let mut report = place.read()?;
    let data = arguments.data.clone().unwrap_or_else(|| root.join("target/load"));
    std::fs::create_dir_all(&data)?;
    // 0755: started by root, Postgres runs as another user and must pass through.
    let public = std::fs::Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().prefix("run-").permissions(public).tempdir_in(&data)?;
    let probe = machine::fdatasync(folder.path())?;
    println!("fdatasync of a page: {}", machine::told(&probe));
    let server = Server::start(&folder.path().join("postgres")).await?;
    report.facts = machine::facts();
    report.facts.push(("fdatasync of 8 KiB".to_owned(), machine::told(&probe)));
    report.facts.extend(server.facts().await?);
    for (name, value) in &report.facts {
        println!("{name}: {value}");
    }
    let stage = Stage { server, house: House::open(&folder.path().join("house"))?, sizes: arguments.sizes() };
    for scenario in arguments.scenarios() {
        println!("\n=== {}", scenario.key());
        let began = Instant::now();
        let section = measure(&stage, scenario).await.with_context(|| scenario.key())?;
        let section = told(section, &report, began, &stage.sizes);
        place.write(&mut report, &scenario.key(), section)?;
    }
    println!("\nwritten: {}", place.markdown().display());
    Ok(())
}

async fn measure(stage: &Stage, scenario: Scenario) -> Result<Section> {
    match scenario {
        Scenario::Filing => filing::measure(stage).await,
        Scenario::Relay => relay::measure(stage).await,
        Scenario::Sla => sla::measure(stage).await,
        Scenario::Dispatch => dispatch::measure(stage).await,
        Scenario::Footprint => footprint::measure(stage).await,
        Scenario::Arithmetic => arithmetic::measure(stage).await,
        Scenario::Rebase => rebase::measure(stage).await,
    }
}

fn told(mut section: Section, report: &Report, began: Instant, sizes: &Sizes) -> Section {
    section.facts.clone_from(&report.facts);
    let commit = report.facts.iter().find(|(name, _)| name == "commit").map_or("", |(_, commit)| commit.as_str());
    let quick = if sizes.is_quick { " **A quick run: only the method is right, no figure is.**" } else { "" };
    section.measured = format!(
        "Measured {:.0} at {commit} in {} s; where ours and a baseline run by turns, medians of {}.{quick}",
        SystemClock.now(),
        began.elapsed().as_secs(),
        sizes.runs,
    );
    for goal in &section.goals {
        println!("goal {}: {}: {} (ratio {})", goal.number, goal.wanted, goal.seen, figure::ratio(goal.ratio));
    }
    section
}
