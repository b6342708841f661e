//! Random histories of the whole suite: what people do, what the machinery does, and what goes wrong, in any order, with one clock that is turned
//! by hand.
//!
//! ```text
//!  seed, number ──► list of ops ──► World: four services, one Postgres, an SMS centre, a mail relay
//!                        │            │ people:    each answer, and each entry of the journal, is held to `rules`
//!                        │            │ machinery: relay, tick, dispatch, step by step; faults between them
//!                        │            ▼
//!                        │          settle: faults end, the clock goes on until nothing waits; `checks` compare everything
//!                        ▼
//!                  fails? ──► made smaller in a suite of its own ──► printed as a list, to be kept in `found/` with its cause
//! ```
//!
//! ```sh
//! cargo test -p tests --test simulation                                      # 2,000 lists, and those in found/ and reached/
//! cargo test -p tests --release --test simulation -- --lists 100000          # for nights
//! cargo test -p tests --test simulation -- --file tests/simulation/found/x.txt
//! ```
//!
//! `mutate` breaks the code in each of the ways of `mutations/` and looks whether a test notices.

mod arguments;
mod catalogue;
mod checks;
mod clock;
mod desk;
mod forget;
mod generate;
mod handed;
mod hunt;
mod journal;
mod list;
mod machinery;
mod model;
mod op;
mod people;
mod proof;
mod replicas;
mod rest;
mod rules;
mod tally;
mod told;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::arguments::Arguments;
use crate::hunt::{Failure, Hunt, alone};
use crate::list::List;
use crate::tally::Tally;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("simulation: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1))? else { return Ok(true) };
    if !arguments.files.is_empty() {
        let lists: Vec<(String, List)> = arguments
            .files
            .iter()
            .map(|path| Ok((path.display().to_string(), std::fs::read_to_string(path)?.parse()?)))
            .collect::<Result<_>>()?;
        let tally = replay(&lists)?;
        tally.iter().for_each(|tally| print!("{tally}"));
        return Ok(tally.is_some());
    }
    let kept = if arguments.skip_found { Some(Tally::default()) } else { replay(&list::kept()?)? };
    let Some(kept) = kept else { return Ok(false) };
    println!("simulation: {arguments}");
    let began = Instant::now();
    let hunt = Hunt::new(arguments.clone());
    let (mut tally, failures) = work(&hunt, arguments.workers)?;
    let took = began.elapsed().as_secs_f64();
    print!("{tally}");
    // What chance may miss, the kept lists come to.
    tally.join(kept);
    println!(
        "simulation: {} lists hold, seed {}, {took:.1} s, {:.1} a second",
        hunt.done(),
        arguments.seed,
        hunt.done() as f64 / took
    );
    failures.iter().for_each(tell);
    let missing = if arguments.is_short { Vec::new() } else { tally.missing() };
    if failures.is_empty() && !missing.is_empty() {
        println!("simulation: no list came to {missing:?}");
    }
    Ok(failures.is_empty() && missing.is_empty())
}

fn work(hunt: &Hunt, workers: usize) -> Result<(Tally, Vec<Failure>)> {
    let mut all = (Tally::default(), Vec::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers.max(1)).map(|_| scope.spawn(|| hunt.work())).collect();
        for worker in workers {
            let (tally, failure) = worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
            all.0.join(tally);
            all.1.extend(failure);
        }
        Ok(all)
    })
}

/// Those that failed once, and those made by hand; what they came to, unless one fails.
fn replay(lists: &[(String, List)]) -> Result<Option<Tally>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut all, mut holds) = (Tally::default(), true);
    for (name, list) in lists {
        match alone(&runtime, list).context("it fails") {
            Ok(tally) => {
                println!("simulation: {name} holds");
                all.join(tally);
            }
            Err(error) => {
                holds = false;
                println!("simulation: {name}: {error:#}");
            }
        }
    }
    Ok(holds.then_some(all))
}

fn tell(failure: &Failure) {
    let Failure { number, first_seen, list, error, is_lonely } = failure;
    println!("\nsimulation: list {number} fails: {error}\n");
    if *is_lonely {
        println!("It holds in a suite of its own: something is left behind by the lists before it.\n");
    } else if *first_seen != list.to_string() {
        println!("It was first seen as\n\n{first_seen}\nand this is enough:\n");
    }
    println!("{list}");
}
