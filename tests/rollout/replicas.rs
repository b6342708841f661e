//! A Deployment: its replicas, and the rolling update of them.

use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use crate::manifests::{Deployment, Template};
use crate::pod::{Container, Pod};
use crate::world::World;

/// A migration in an unoptimised build, with five of them at once.
const MIGRATION: Duration = Duration::from_secs(60);
/// From a start to the first success of the readiness probe.
const READY: Duration = Duration::from_secs(60);

/// The replicas of one service.
#[derive(Debug)]
pub struct Replicas {
    part: Part,
    deployment: Deployment,
    pods: Vec<Pod>,
    started: usize,
}

/// How many replicas of every service an overlay stands for: `prod` is not to lose a service with one replica.
fn replicas(overlay: &str) -> usize {
    if overlay == "prod" { 2 } else { 1 }
}

/// Runs the migration Job of a service.
///
/// # Errors
/// It fails.
pub async fn migrate(world: &World, part: Part) -> Result<()> {
    let name = format!("{part}-migrate");
    let template: Template = world.manifests.read("Job", &name, "/spec/template")?;
    let mut job = Container::start(world, &name, &template.spec, &[])?;
    let status = job.ended(MIGRATION).await?;
    ensure!(status.success(), "{name} ended with {status}: {}", job.last_words());
    Ok(())
}

// === impl Replicas ===

impl Replicas {
    /// Starts as many as the manifests say.
    ///
    /// # Errors
    /// One can't be started, or the manifests say another number than the overlay stands for.
    pub fn start(world: &World, part: Part, overlay: &str) -> Result<Self> {
        let deployment: Deployment = world.manifests.read("Deployment", part.name(), "/spec")?;
        let count = world.manifests.replicas(part.name(), &deployment)?;
        ensure!(count == replicas(overlay), "{overlay}: {count} replicas of {part}, not {}", replicas(overlay));
        let mut replicas = Self { part, deployment, pods: Vec::new(), started: 0 };
        for _ in 0..count {
            let pod = replicas.start_one(world)?;
            replicas.pods.push(pod);
        }
        Ok(replicas)
    }

    fn start_one(&mut self, world: &World) -> Result<Pod> {
        self.started += 1;
        let name = format!("{}-{}", self.part, self.started);
        Pod::start(world, name, &self.deployment.template.spec, &world.endpoints(self.part))
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.pods.len()
    }

    /// Waits until all are ready; from then on there may never be fewer.
    ///
    /// # Errors
    /// One does not get so.
    pub async fn ready(&mut self, world: &World) -> Result<()> {
        for pod in &mut self.pods {
            become_ready(pod).await?;
        }
        world.endpoints(self.part).begin_to_count();
        Ok(())
    }

    /// Whether as many as the manifests say were ready all the time since then.
    ///
    /// # Errors
    /// There were fewer, for however short a while.
    pub fn were_there(&self, world: &World) -> Result<()> {
        let (part, fewest, wanted) = (self.part, world.endpoints(self.part).fewest(), self.count());
        ensure!(fewest == wanted, "{part}: {fewest} of {wanted} replicas were ready at a time while it was rolled");
        Ok(())
    }

    /// The rolling update: one more is started, and when it is ready an old one is told to end. As in Kubernetes the next start does not
    /// wait for that end, which `ending` gets.
    ///
    /// # Errors
    /// A new one does not get ready.
    pub async fn roll(&mut self, world: &World, ending: &mut JoinSet<Result<Duration>>) -> Result<()> {
        let update = &self.deployment.strategy.rolling_update;
        ensure!((update.max_surge, update.max_unavailable) == (1, 0), "the trial knows no other way of rolling");
        for _ in 0..self.pods.len() {
            let mut new = self.start_one(world)?;
            become_ready(&mut new).await?;
            self.pods.push(new);
            self.end_one(world, ending);
        }
        Ok(())
    }

    /// Ends all.
    pub fn end(mut self, world: &World, ending: &mut JoinSet<Result<Duration>>) {
        while !self.pods.is_empty() {
            self.end_one(world, ending);
        }
    }

    fn end_one(&mut self, world: &World, ending: &mut JoinSet<Result<Duration>>) {
        let old = self.pods.remove(0);
        ending.spawn(old.terminate(world.endpoints(self.part)));
    }
}

async fn become_ready(pod: &mut Pod) -> Result<()> {
    let name = pod.name.clone();
    tokio::time::timeout(READY, pod.ready()).await.with_context(|| format!("{name} is not ready after {READY:?}"))?
}
