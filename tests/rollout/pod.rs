//! A container as a process: a root of its own that it can't write, its volumes, its user, its address; and what the kubelet does to it.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::balancer::Endpoints;
use crate::manifests::PodSpec;
use crate::probe::{Prober, Probing};
use crate::world::World;

/// How often a probe is repeated while its answer is waited for to change.
const LOOK: Duration = Duration::from_millis(50);

/// A running replica.
#[derive(Debug)]
pub struct Pod {
    pub name: String,
    process: Container,
    prober: Prober,
    endpoint: SocketAddr,
    grace: Duration,
    ready: watch::Receiver<bool>,
    kubelet: JoinHandle<Result<()>>,
}

/// A container's process.
#[derive(Debug)]
pub struct Container {
    name: String,
    child: Child,
    log: PathBuf,
}

// === impl Container ===

impl Container {
    /// # Errors
    /// The root can't be made, or the process not be spawned.
    pub fn start(world: &World, name: &str, spec: &PodSpec, environment: &[(String, String)]) -> Result<Self> {
        let (container, user) = (spec.container()?, &spec.security_context);
        let root = world.path(&format!("pods/{name}"));
        world.image.unpack(&root)?;
        let etc = root.join("etc");
        fs::create_dir_all(&etc)?;
        fs::write(etc.join("hosts"), &world.hosts)?;
        fs::write(etc.join("nsswitch.conf"), "hosts: files\n")?;
        for mount in &container.volume_mounts {
            ensure!(mount.read_only, "{name} could write into {}", mount.mount_path);
            let volume = spec.volumes.iter().find(|it| it.name == mount.name);
            let volume = volume.with_context(|| format!("no volume {}", mount.name))?;
            let place = root.join(mount.mount_path.trim_start_matches('/'));
            fs::create_dir_all(&place)?;
            for (file, content, mode) in world.files(volume)? {
                write(&place.join(file), &content, mode, user.fs_group)?;
            }
        }
        let log = world.path(&format!("{name}.log"));
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("chroot");
            command.arg(format!("--userspec={}:{}", user.run_as_user, user.run_as_group)).arg(&root);
            command
        } else {
            // A developer's: root of a name space that has nothing else in it.
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--wd=/"]).arg(format!("--root={}", root.display()));
            command
        };
        command
            .arg("/otklik")
            .args(&container.args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .kill_on_drop(true);
        let child = command.spawn().context("starting a container")?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Its end, and the end of what it wrote.
    ///
    /// # Errors
    /// It does not come within `patience`.
    pub async fn ended(&mut self, patience: Duration) -> Result<ExitStatus> {
        let ended = timeout(patience, self.child.wait()).await;
        Ok(ended
            .with_context(|| format!("{} does not end within {patience:?}: {}", self.name, self.last_words()))??)
    }

    /// The end of what it wrote.
    pub fn last_words(&self) -> String {
        let words = fs::read(&self.log).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        let lines: Vec<&str> = words.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

// === impl Pod ===

impl Pod {
    /// Starts a replica, which comes behind `endpoints` when its probes say so.
    ///
    /// # Errors
    /// It can't be spawned.
    pub fn start(world: &World, name: String, spec: &PodSpec, endpoints: &Endpoints) -> Result<Self> {
        let container = spec.container()?;
        let address = world.next_address();
        let (grpc, admin) = (container.port("grpc")?, container.port("admin")?);
        // All replicas share this machine's ports, so each listens at its own address instead of at all.
        let service = container.args[0].to_uppercase();
        let listen = |section: &str, port: u16| {
            (format!("OTKLIK_{service}__{section}__LISTEN"), SocketAddr::from((address, port)).to_string())
        };
        let process = Container::start(world, &name, spec, &[listen("GRPC", grpc), listen("ADMIN", admin)])?;
        let prober = Prober::new(address, container)?;
        let endpoint = SocketAddr::from((address, grpc));
        let (is_ready, ready) = watch::channel(false);
        let kubelet = tokio::spawn(prober.clone().watch(endpoint, endpoints.clone(), is_ready));
        let grace = Duration::from_secs(spec.termination_grace_period_seconds);
        Ok(Self { name, process, prober, endpoint, grace, ready, kubelet })
    }

    /// Waits until its probes say that it may be sent requests.
    ///
    /// # Errors
    /// They never do, or the process ends.
    pub async fn ready(&mut self) -> Result<()> {
        let Self { name, process, ready, kubelet, .. } = self;
        tokio::select! {
            ready = ready.wait_for(|ready| *ready) => { ready.context("nobody probes it")?; Ok(()) }
            failed = kubelet => bail!("{name}: {:?}: {}", failed?, process.last_words()),
            ended = process.child.wait() => bail!("{name} ended with {}: {}", ended?, process.last_words()),
        }
    }

    /// Ends it as Kubernetes does, and answers how long that took. The slowest cluster is taken: connections are sent to it until it
    /// itself says that it is not ready.
    ///
    /// # Errors
    /// It had ended before, was not alive by its probe, ends badly, or would have been killed.
    pub async fn terminate(mut self, endpoints: Endpoints) -> Result<Duration> {
        let Self { name, process, prober, endpoint, grace, kubelet, .. } = &mut self;
        if kubelet.is_finished() {
            bail!("{name}: {:?}", kubelet.await?);
        }
        kubelet.abort();
        if let Some(status) = process.child.try_wait()? {
            bail!("{name} had ended by itself, with {status}: {}", process.last_words());
        }
        let id = process.child.id().context("no process")?;
        let began = Instant::now();
        kill(Pid::from_raw(id.cast_signed()), Signal::SIGTERM).context("SIGTERM")?;
        let unready = async {
            let mut looks = interval(LOOK);
            while prober.ask(Probing::Readiness).await.is_ok() {
                looks.tick().await;
            }
        };
        timeout(*grace, unready).await.with_context(|| format!("{name} says that it is ready while it drains"))?;
        endpoints.remove(*endpoint);
        let status = process.ended(grace.saturating_sub(began.elapsed())).await?;
        ensure!(status.success(), "{name} ended with {status}: {}", process.last_words());
        Ok(began.elapsed())
    }
}

fn write(file: &Path, content: &[u8], mode: u32, group: u32) -> Result<()> {
    fs::write(file, content)?;
    if geteuid().is_root() {
        chown(file, Some(0), Some(group))?;
    }
    fs::set_permissions(file, Permissions::from_mode(mode)).with_context(|| file.display().to_string())
}

/// An address of the trial's own on this machine.
pub fn address(network: u8, kind: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, network, kind, host)
}
