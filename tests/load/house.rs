//! The services as processes of their own, with all that they need: a database, keys, tokens, ports.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use all_in_one::{Database, Home, Issuer, Part};
use anyhow::{Context as _, Result, bail, ensure};
use clock::{Clock as _, SystemClock};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::free_ports;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

/// How long a service may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a starting service is asked whether it is ready: a start is told to this.
const LOOK: Duration = Duration::from_millis(1);
/// In front of a service's name as the name of this program.
const AS: &str = "otklik-load-";

/// Keys, tokens and passwords of one run.
#[derive(Debug)]
pub struct House {
    home: Home,
    issuer: Issuer,
    logs: PathBuf,
    program: PathBuf,
}

/// A running service.
#[derive(Debug)]
pub struct Running {
    /// Which.
    pub part: Part,
    /// Where it answers.
    pub port: u16,
    /// From its spawn until it says that it is ready.
    pub start: Duration,
    child: Child,
    pid: u32,
}

/// Run under the name of a service this program is that service: the code of the one executable without a second build of it.
pub fn as_service() -> Option<ExitCode> {
    let name = std::env::args().next()?;
    let name = name.strip_prefix(AS)?;
    Some(match name.parse().ok()? {
        Part::Ticket => bootstrap::main::<ticket::Service>(std::env::args_os()),
        Part::Identity => bootstrap::main::<identity_verification::Service>(std::env::args_os()),
        Part::Notification => bootstrap::main::<notification::Service>(std::env::args_os()),
        Part::Sla => bootstrap::main::<sla_monitor::Service>(std::env::args_os()),
    })
}

// === impl House ===

impl House {
    /// New keys in `folder`.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn open(folder: &Path) -> Result<Self> {
        let home = Home::open(folder)?;
        let issuer = Issuer::open(&home, SystemClock.now(), 1)?;
        issuer.renew()?;
        // A copy: this process's own mapping of the program would take its share of the pages that the services share.
        let program = folder.join("program");
        std::fs::copy(std::env::current_exe()?, &program)?;
        Ok(Self { home, issuer, logs: folder.to_owned(), program })
    }

    /// Where this run's files are.
    pub fn folder(&self) -> &Path {
        &self.logs
    }

    /// The token of somebody of [`all_in_one::PEOPLE`], or of a service by `services/<name>`.
    ///
    /// # Errors
    /// There is nobody of that name.
    pub fn token(&self, who: &str) -> Result<String> {
        self.home.read(&format!("tokens/{who}")).with_context(|| format!("there is no token of {who}"))
    }

    /// The key ring of a service, once it was started.
    ///
    /// # Errors
    /// It never was.
    pub fn ring(&self, part: Part) -> Result<sealed::Ring> {
        Ok(sealed::Ring::load(self.home.path(format!("keys/{part}.toml")))?)
    }

    /// Makes a service's schema in a database; the URL of its role.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn migrate(&self, part: Part, admin_url: &str) -> Result<String> {
        let stopper = CancellationToken::new();
        let database = Database::open(&self.home, Some(admin_url.to_owned()), false, &stopper).await?;
        database.prepare(&self.home, part, &stopper).await
    }

    /// The environment that makes a service of this house; `peers` all answer at one port, unless `more` says otherwise.
    pub fn environment(&self, part: Part, url: &str, peers: u16, more: &[(&str, String)]) -> Vec<(String, String)> {
        let path = |inside: String| self.home.path(inside).to_string_lossy().into_owned();
        let mut all = vec![
            ("DATABASE__URL".to_owned(), url.to_owned()),
            ("AUTH__JWKS_FILE".to_owned(), self.issuer.jwks_file().to_string_lossy().into_owned()),
            ("TOKEN__FILE".to_owned(), path(format!("tokens/services/{part}"))),
            ("KEYS__FILE".to_owned(), path(format!("keys/{part}.toml"))),
        ];
        for peer in part.peers() {
            all.push((format!("PEERS__{}__URL", peer.to_uppercase()), format!("http://127.0.0.1:{peers}")));
        }
        all.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let name = part.name().to_uppercase();
        all.into_iter().map(|(key, value)| (format!("OTKLIK_{name}__{key}"), value)).collect()
    }

    /// Starts a service and waits until it is ready.
    ///
    /// # Errors
    /// It ends instead.
    pub async fn start(&self, part: Part, environment: &[(String, String)]) -> Result<Running> {
        let [port] = free_ports()?;
        self.start_at(part, port, environment).await
    }

    /// The same at a port that its peers know.
    ///
    /// # Errors
    /// It ends instead.
    pub async fn start_at(&self, part: Part, port: u16, environment: &[(String, String)]) -> Result<Running> {
        let [admin] = free_ports()?;
        let log = self.logs.join(format!("{part}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = std::process::Command::new(&self.program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTKLIK_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        let name = part.name().to_uppercase();
        command
            .arg0(format!("{AS}{part}"))
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env(format!("OTKLIK_{name}__GRPC__LISTEN"), format!("127.0.0.1:{port}"))
            .env(format!("OTKLIK_{name}__ADMIN__LISTEN"), format!("127.0.0.1:{admin}"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let began = Instant::now();
        let mut child = Command::from(command).kill_on_drop(true).spawn().context("starting a service")?;
        let pid = child.id().context("it has ended already")?;
        let ready = async {
            let mut looks = interval(LOOK);
            loop {
                looks.tick().await;
                if is_ready(admin).await {
                    return;
                }
            }
        };
        let words = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            text.lines().rev().take(5).collect::<Vec<_>>().join("\n")
        };
        tokio::select! {
            waited = timeout(PATIENCE, ready) => ensure!(waited.is_ok(), "{part} does not get ready: {}", words()),
            status = child.wait() => bail!("{part} ended with {}: {}", status?, words()),
        }
        Ok(Running { part, port, start: began.elapsed(), child, pid })
    }
}

// === impl Running ===

impl Running {
    /// The process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    /// It had ended before.
    pub async fn kill(&mut self) -> Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "{} has ended by itself", self.part);
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Errors
    /// It ends badly or not at all.
    pub async fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(self.pid.cast_signed()), Signal::SIGTERM).context("asking for a stop")?;
        let status =
            timeout(PATIENCE, self.child.wait()).await.with_context(|| format!("{} does not stop", self.part))??;
        ensure!(status.success(), "{} stopped with {status}", self.part);
        Ok(())
    }
}

async fn is_ready(admin: u16) -> bool {
    let ask = async {
        let mut connection = TcpStream::connect(("127.0.0.1", admin)).await?;
        connection.write_all(b"GET /readyz HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask.await.unwrap_or(false)
}
