//! Running many lists, and making the one that fails small.
//!
//! What happens in a list follows from the seed and its own number; when, from the lists before it. A worker lets one after the other happen to
//! the same suite, as the clock goes on; a list that fails is tried again in a suite of its own from the same moment, and there it is cut down
//! for as long as it fails. A list that failed is kept with its moment; a seed alone brings back its ops, and with several workers not their moments.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::arguments::Arguments;
use crate::generate::ops;
use crate::list::List;
use crate::op::Op;
use crate::tally::Tally;
use crate::world::{FIRST_DAY, World};

/// Between two lists: to another hour of the day, and to all days of the week in turn.
const STRIDE: SignedDuration = SignedDuration::from_mins(7 * 60 + 19);

/// A list that showed what should never be.
#[derive(Debug)]
pub struct Failure {
    /// Which one.
    pub number: u64,
    /// As it was first seen.
    pub first_seen: String,
    /// As short as it was made.
    pub list: List,
    /// What happens then.
    pub error: String,
    /// It only happened behind other lists.
    pub is_lonely: bool,
}

/// Lists to run, shared by all workers.
#[derive(Debug)]
pub struct Hunt {
    arguments: Arguments,
    next: AtomicU64,
    done: AtomicU64,
    stopped: AtomicBool,
    began: Instant,
}

// === impl Hunt ===

impl Hunt {
    /// Nothing has run yet.
    pub fn new(arguments: Arguments) -> Self {
        let next = AtomicU64::new(arguments.first);
        Self { arguments, next, done: AtomicU64::default(), stopped: AtomicBool::default(), began: Instant::now() }
    }

    /// How many lists held.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// One worker, on the thread that calls it, until there is no list left or one failed anywhere.
    ///
    /// # Errors
    /// The machinery of the test itself fails.
    pub fn work(&self) -> Result<(Tally, Option<Failure>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut tally = Tally::default();
        let mut world = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.arguments.first + self.arguments.lists || self.stopped.load(Ordering::Relaxed) {
                break;
            }
            if world.as_ref().is_some_and(World::is_old) {
                leave(&runtime, world.take(), &mut tally);
            }
            let world = match &mut world {
                Some(world) => world,
                none => none.insert(runtime.block_on(World::new(FIRST_DAY.parse()?))?),
            };
            let start = world.suite.now() + STRIDE;
            let mut tree = self.tree(number)?;
            let list = List { start, ops: tree.current() };
            let failed = caught(&runtime, world, &list).err();
            if let Some(error) = failed {
                self.stopped.store(true, Ordering::Relaxed);
                println!("simulation: list {number} fails and is being made smaller: {}", line(&error));
                let failure = self.shrink(&runtime, number, start, &mut *tree, &list, &error)?;
                return Ok((tally, Some(failure)));
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(5_000) {
                println!("simulation: {done} lists hold after {:.0} s", self.began.elapsed().as_secs_f64());
            }
        }
        leave(&runtime, world, &mut tally);
        Ok((tally, None))
    }

    /// The list of that number, with the ways to make it smaller.
    fn tree(&self, number: u64) -> Result<Box<dyn ValueTree<Value = Vec<Op>>>> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.arguments.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        ops().boxed().new_tree(&mut runner).map_err(|reason| anyhow!("{reason}"))
    }

    fn shrink(
        &self,
        runtime: &Runtime,
        number: u64,
        start: Timestamp,
        tree: &mut dyn ValueTree<Value = Vec<Op>>,
        list: &List,
        first: &anyhow::Error,
    ) -> Result<Failure> {
        let first_seen = list.to_string();
        let began = Instant::now();
        let is_late = || began.elapsed() > self.arguments.shrink;
        let mut smallest = fails(runtime, start, list.ops.clone());
        let mut goes_on = smallest.is_some() && tree.simplify();
        while goes_on && !is_late() {
            let failed = fails(runtime, start, tree.current());
            goes_on = if failed.is_some() { tree.simplify() } else { tree.complicate() };
            smallest = failed.or(smallest);
        }
        // Scenes are taken out whole; of what they leave, each op is tried by itself, the last first.
        for index in (0..smallest.as_ref().map_or(0, |it| it.0.ops.len())).rev() {
            let mut ops = smallest.as_ref().map(|it| it.0.ops.clone()).unwrap_or_default();
            ops.remove(index);
            if is_late() {
                break;
            }
            smallest = fails(runtime, start, ops).or(smallest);
        }
        let is_lonely = smallest.is_none();
        let (list, error) = smallest.unwrap_or_else(|| (list.clone(), format!("{first:#}")));
        Ok(Failure { number, first_seen, list, error, is_lonely })
    }
}

/// The list with what happens, if something should never be.
fn fails(runtime: &Runtime, start: Timestamp, ops: Vec<Op>) -> Option<(List, String)> {
    let list = List { start, ops };
    let error = alone(runtime, &list).err()?;
    Some((list, format!("{error:#}")))
}

/// Lets a list happen in a suite of its own.
///
/// # Errors
/// What should never be.
pub fn alone(runtime: &Runtime, list: &List) -> Result<Tally> {
    let mut world = runtime.block_on(World::new(list.start))?;
    let lived = caught(runtime, &mut world, list);
    let mut tally = Tally::default();
    leave(runtime, Some(world), &mut tally);
    lived.map(|()| tally)
}

/// A panic is a failure like another.
fn caught(runtime: &Runtime, world: &mut World, list: &List) -> Result<()> {
    let lived = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.live(list))));
    lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Err(anyhow!("panicked: {}", text.unwrap_or_default()))
    })
}

/// A suite ends inside its runtime.
fn leave(runtime: &Runtime, world: Option<World>, tally: &mut Tally) {
    if let Some(world) = world {
        runtime.block_on(async {
            for replica in &world.replicas {
                replica.stop().await;
            }
            tally.join(world.tally.clone());
            drop(world);
        });
    }
}

fn line(error: &anyhow::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}
