//! `kill -9` of the whole process and of Postgres while appeals are filed from outside.
//!
//! ```text
//!   16 clients ──gRPC──► all-in-one (a child process) ──SMPP──► SMS centre (in this process)
//!   each form again and      │ its own durable Postgres          every submit_sm is recorded
//!   again with the same      ▼
//!   request id until it   data folder, the same for every start
//!   is acknowledged
//!
//!   a round = SIGKILL of the process (at times of the postmaster with it, at times once more while it starts)
//!           + SIGKILL of the postmaster, in either order
//! ```
//!
//! When everything is filed and nothing is under way any more, what the services tell is compared with what the clients were told and
//! with what the SMS centre was given: see [`verdict`].
//!
//! The short form, 200 filings and one round, runs with every `cargo test`; its leases are shortened, since a lease of 90 s has
//! to run out before an SMS of a dead worker is sent again. The long form keeps the leases of production:
//!
//! ```text
//! cargo test --test kill9 -- --filings 5000 --rounds 10
//! ```
//!
//! `--seed S` repeats the plan of a run, which prints its seed first: who is killed after how many acknowledgements and submits. What
//! the machine does between two of those is its own, so a seed gives the same plan and not the same microsecond. The child is this
//! program again, whose first argument makes it the all-in-one: the code of `cargo run`, without a second build of it. `--binary FILE`
//! takes another all-in-one, such as a release build.

mod arguments;
mod desk;
mod house;
mod outside;
mod plan;
mod verdict;

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use testkit::smsc::Smsc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::arguments::Arguments;
use self::desk::Desk;
use self::house::House;
use self::plan::{Kill, Victim};

/// How long anything may take before the trial is called stuck. A restart takes 2 s, a lease 90 s.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first argument that makes this program the all-in-one.
const AS_ALL_IN_ONE: &str = "all-in-one";

fn main() -> ExitCode {
    let mut given = std::env::args_os().skip(1).peekable();
    if given.peek().is_some_and(|first| first == AS_ALL_IN_ONE) {
        return all_in_one::main(given);
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kill9: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    println!("kill9: {arguments}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(async {
        // Ended by hand, the child must go too: dropping the house kills it.
        let mut ended = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = trial(&arguments) => outcome,
            _ = ended.recv() => bail!("ended by a signal"),
            _ = tokio::signal::ctrl_c() => bail!("ended by a signal"),
        }
    });
    match outcome {
        Ok(()) => {
            println!("kill9: ok");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kill9: FAILED ({arguments}): {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn trial(arguments: &Arguments) -> Result<()> {
    let began = Instant::now();
    let smsc = Smsc::start().await;
    let mut house = House::open(arguments.binary.clone(), smsc.port(), arguments.is_short)?;
    let outcome = live(arguments, &smsc, &mut house).await;
    if let Err(error) = outcome {
        let folder = house.keep();
        return Err(error.context(format!("everything is left in {}", folder.display())));
    }
    println!("kill9: {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

async fn live(arguments: &Arguments, smsc: &Smsc, house: &mut House) -> Result<()> {
    house.start()?;
    let desk = Arc::new(Desk::new(arguments.filings, house.outside("portal").await?));
    let mut failure = tokio::spawn(Arc::clone(&desk).file_all());
    let kills = plan::kills(arguments.seed, arguments.filings, arguments.rounds);
    let mut struck = 0;
    for (number, kill) in kills.iter().enumerate() {
        let strike = strike(kill, smsc, house, &desk, &mut failure).await;
        let strike = strike.with_context(|| format!("kill {} of {}: {kill}", number + 1, kills.len()))?;
        struck += usize::from(strike.under_way > 0);
        println!("kill9: {:>2}/{} {kill}: {strike}", number + 1, kills.len());
    }
    desk.open_to(arguments.filings);
    tokio::select! {
        all = house.besides(PATIENCE, desk.acknowledged(arguments.filings)) => all.context("filing what is left")?,
        failed = &mut failure => bail!("filing failed: {:#}", failed?),
    }
    println!("kill9: {struck} of {} kills struck while forms were under way", kills.len());
    println!("kill9: {}", desk.tale());
    let verdict = verdict::reach(smsc, house, &desk).await?;
    println!("{verdict}");
    house.stop().await?;
    if verdict.is_clean() { Ok(()) } else { bail!("{} faults, listed above", verdict.faults.len()) }
}

/// What a kill met, and how long it was felt.
struct Strike {
    acknowledged: usize,
    under_way: usize,
    submits: usize,
    felt: Duration,
}

/// Waits for the planned moment, kills, starts again, and waits until appeals are acknowledged again.
async fn strike(
    kill: &Kill,
    smsc: &Smsc,
    house: &mut House,
    desk: &Desk,
    failure: &mut JoinHandle<anyhow::Error>,
) -> Result<Strike> {
    desk.open_to(kill.forms);
    let moment = async {
        desk.acknowledged(kill.acknowledged).await;
        // Counted from now: the SMS centre has fallen behind or caught up, as it happened.
        if kill.submits > 0 {
            // Each appeal gives one submit at least, so this many come for sure.
            smsc.submits_reach((smsc.submits_seen() + kill.submits).min(kill.forms)).await;
        }
    };
    tokio::select! {
        reached = house.besides(PATIENCE, moment) => reached?,
        failed = &mut *failure => bail!("filing failed: {:#}", failed?),
    }
    let (acknowledged, under_way, submits) = (desk.count(), desk.under_way(), smsc.submits_seen());
    let began = Instant::now();
    house.kill(kill.victim).await?;
    // The victim is down, and the clients go on asking.
    desk.open_to(kill.forms + desk::CLIENTS + 1);
    if kill.victim != Victim::Postgres {
        house.start()?;
        if let Some(into_the_start) = kill.again_after {
            // The wait is for an end that must not come.
            if timeout(into_the_start, house.ended()).await.is_ok() {
                bail!("the new process ended by itself: {}", house.last_words());
            }
            house.kill(Victim::Process).await?;
            house.start()?;
        }
    }
    tokio::select! {
        again = house.besides(PATIENCE, desk.acknowledged(acknowledged + desk::CLIENTS + 1)) => again?,
        failed = &mut *failure => bail!("filing failed: {:#}", failed?),
    }
    Ok(Strike { acknowledged, under_way, submits, felt: began.elapsed() })
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, under_way, submits, felt } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {under_way} under way, {submits} submits; files again {:.1} s later",
            felt.as_secs_f64()
        )
    }
}
