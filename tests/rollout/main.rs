//! A rolling restart of every service under load, as k8s/ renders it.
//!
//! ```text
//!   kubectl kustomize k8s/overlays/prod
//!        │ Deployments, Jobs, Services, ConfigMaps, probes, network policies
//!        ▼
//!   people ──TLS──► Service ──► replica 1, replica 2    each a process of user 65532 in a root of its own that it can't write, which
//!   (load.rs)     (balancer.rs)     │                   has the executable, the image's shared objects and what the manifests mount
//!                                   ├──► other Services, by their names: /etc/hosts is the cluster's DNS
//!                                   ├──► Postgres, with the roles of k8s/roles.sql
//!                                   └──► SMS centre, mail relay and collector of traces, in this process
//! ```
//!
//! Nothing is configured but by the manifests, with one exception: replicas share this machine's ports, so each is told an address of
//! its own in 127/8 to listen at. Jobs migrate; the probes are executed as they are written; then each service in turn is rolled as
//! `kubectl rollout restart` would: a new replica is started, and when it is ready an old one gets SIGTERM, goes on getting connections
//! until it says that it is not ready, and must end well within its grace period.
//!
//! Promises fall due all the while, so that the monitor is rolled at work: see [`dues`]. Every acknowledged write must be there once, every
//! rung that was due have fired once, and every answer be OK or one that tells the client to come again: see [`load`], [`watcher`],
//! [`audit`] and [`verdict`]. In the end it is tried whether the audit would have noticed: see [`thefts`].
//!
//! ```text
//! cargo test --test rollout -- [--overlay prod|dev] [--kubectl FILE] [--binary FILE]
//! ```
//!
//! The executable in the containers is this program again, called `otklik`: the code of the one executable without a second build of it.
//! `--binary FILE` takes another, such as that of a release.

mod audit;
mod balancer;
mod book;
mod collector;
mod dues;
mod edges;
mod firings;
mod found;
mod image;
mod letters;
mod load;
mod manifests;
mod outside;
mod pod;
mod probe;
mod replicas;
mod thefts;
mod verdict;
mod watcher;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context, Result, bail};
use clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::dues::Dues;
use self::load::Load;
use self::manifests::Manifests;
use self::replicas::{Replicas, migrate};
use self::verdict::Auditor;
use self::watcher::Watcher;
use self::world::World;

/// From the end of the load until nothing is under way.
const QUIET: Duration = Duration::from_secs(60);
/// Most faults that are told.
const TOLD: usize = 20;

#[derive(Debug)]
struct Arguments {
    overlay: String,
    kubectl: PathBuf,
    binary: PathBuf,
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self {
            overlay: "prod".to_owned(),
            kubectl: "kubectl".into(),
            binary: std::env::current_exe().context("this program")?,
        };
        while let Some(name) = given.next() {
            let value = given.next().with_context(|| format!("{name} wants a value"))?;
            match name.as_str() {
                "--overlay" => arguments.overlay = value,
                "--kubectl" => arguments.kubectl = value.into(),
                "--binary" => arguments.binary = value.into(),
                _ => bail!("--overlay, --kubectl and --binary are known, not {name}"),
            }
        }
        Ok(arguments)
    }
}

fn main() -> ExitCode {
    let mut given = std::env::args_os().peekable();
    if given.peek().is_some_and(|program| Path::new(program).file_name() == Some("otklik".as_ref())) {
        return all_in_one::main(given);
    }
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let outcome = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| runtime.block_on(trial(&arguments)));
    match outcome {
        Ok(()) => {
            println!("rollout: ok, {:.0} s", began.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rollout: FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn trial(arguments: &Arguments) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the repository")?;
    let overlay = repository.join("k8s/overlays").join(&arguments.overlay);
    let manifests = Manifests::render(&arguments.kubectl, &overlay)?;
    edges::check(&manifests, &arguments.overlay)?;
    println!("rollout: {}: the network policies are the edges that are listed and no others", arguments.overlay);
    let mut world = World::make(manifests, repository, &arguments.binary).await?;
    let outcome = live(&world, &arguments.overlay).await;
    outcome.with_context(|| format!("everything is left in {}", world.keep().display())).inspect(|()| drop(world))
}

async fn live(world: &World, overlay: &str) -> Result<()> {
    let mut migrations: Vec<_> = Part::ALL.map(|part| Box::pin(migrate(world, part))).into();
    while let Some(migration) = migrations.pop() {
        migration.await?;
    }
    let mut services = Vec::new();
    for part in Part::ALL {
        services.push((part, Replicas::start(world, part, overlay)?));
    }
    for (_, replicas) in &mut services {
        replicas.ready(world).await?;
    }
    let counts: Vec<String> = services.iter().map(|(part, replicas)| format!("{} {part}", replicas.count())).collect();
    println!("rollout: ready by their probes: {}", counts.join(", "));

    let load = Arc::new(Load::new(world).await?);
    let watched = load.file(load::CATEGORY).await.context("an appeal to watch")?;
    // So that nobody claims and resolves it.
    load.assign(&watched.name, "staff/senior").await.context("giving it to somebody")?;
    let watcher = Watcher::begin(world, watched.clone()).await?;
    let mut dues = Dues::file(&load).await?;
    // What is under way could undo the move of a promise.
    timeout(QUIET, Auditor::new(world)?.quiet()).await.context("it does not get quiet")??;
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&load).run(watched, stop.clone()));
    let rolls = roll(world, &mut services, &load, &mut dues).await?;
    stop.cancel();
    running.await.context("the load")?;
    services.iter().try_for_each(|(_, replicas)| replicas.were_there(world))?;
    println!("rollout: under load never fewer were ready");
    let book = load.book();
    println!("rollout: {book}");
    for (cause, times) in &book.retries {
        println!("rollout:   {times} x {cause}");
    }

    // Dev prints its messages.
    let is_sent = world.manifests.of_kind("ConfigMap").any(|map| map["data"].to_string().contains("[smpp]"));
    let verdict =
        timeout(QUIET, verdict::reach(world, &book.done, &dues, is_sent)).await.context("it does not get quiet")??;
    println!("rollout: {verdict}");
    let unfired = verdict.firings.during(&rolls);
    let told = watcher.verdict().await?;
    println!("rollout: {told}");
    if verdict.faults.is_empty() {
        timeout(QUIET, thefts::are_missed(world, &book.done, &dues.planned)).await.context("asking again")??;
    }
    let mut ending = JoinSet::new();
    for (_, replicas) in services {
        replicas.end(world, &mut ending);
    }
    ended(&mut ending).await?;
    let traces = traces(world);
    let faults = [&verdict.faults, &unfired, &book.faults, &told.faults, &traces];
    let faults: Vec<&String> = faults.into_iter().flatten().collect();
    for fault in faults.iter().take(TOLD) {
        println!("rollout: FAULT: {fault}");
    }
    if faults.is_empty() { Ok(()) } else { bail!("{} faults", faults.len()) }
}

/// Rolls each service in turn, while rungs fall due. Answers from when until when: the end of the last replica that was replaced, which
/// drains while the next service is rolled.
async fn roll(
    world: &World,
    services: &mut [(Part, Replicas)],
    load: &Load,
    dues: &mut Dues,
) -> Result<Vec<(Part, [Timestamp; 2])>> {
    let mut rolls = Vec::new();
    for (part, replicas) in services {
        timeout(QUIET, dues.fall(world)).await.context("what was due is not done")??;
        let (before, began, from, mut ending) =
            (load.book().requests, Instant::now(), SystemClock.now(), JoinSet::new());
        replicas.roll(world, &mut ending).await.with_context(|| format!("rolling {part}"))?;
        let (requests, seconds) = (load.book().requests - before, began.elapsed().as_secs_f64());
        println!("rollout: {part} is rolled in {seconds:.1} s, during {requests} requests");
        rolls.push((*part, [from, SystemClock.now()], ending));
    }
    let (mut slowest, mut spans) = (Duration::ZERO, Vec::new());
    for (part, [from, to], mut ending) in rolls {
        let end = ended(&mut ending).await?;
        slowest = slowest.max(end);
        spans.push((part, [from, to + end]));
    }
    println!("rollout: slowest end of a replica {:.1} s after SIGTERM", slowest.as_secs_f64());
    Ok(spans)
}

/// Which services' traces did not leave, where they are to: each replica has sent its last ones at its end.
fn traces(world: &World) -> Vec<String> {
    // Dev sends none.
    if !world.manifests.of_kind("ConfigMap").any(|map| map["data"].to_string().contains("otlp_endpoint")) {
        return Vec::new();
    }
    let spans = Part::ALL.map(|part| (part, world.collector.spans(part)));
    println!("rollout: spans: {}", spans.map(|(part, count)| format!("{count} of {part}")).join(", "));
    let missing = spans.into_iter().filter(|(_, count)| *count == 0);
    missing.map(|(part, _)| format!("{part} sent no traces")).collect()
}

/// Waits for the ends that are under way.
async fn ended(ending: &mut JoinSet<Result<Duration>>) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    while let Some(end) = ending.join_next().await {
        slowest = slowest.max(end.context("a panic")??);
    }
    Ok(slowest)
}
