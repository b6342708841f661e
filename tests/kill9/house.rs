//! The all-in-one as a child process on one data folder, and its end by force.

use std::fs::{self, File, Permissions};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tests::free_ports;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

use crate::AS_ALL_IN_ONE;
use crate::outside::Outside;
use crate::plan::Victim;

/// How long a start may take until tokens lie there and a postmaster runs: initdb, four schemas, all in a debug build.
const START: Duration = Duration::from_secs(60);
/// How often files that another process writes are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The process and its folder.
#[derive(Debug)]
pub struct House {
    binary: Option<PathBuf>,
    environment: Vec<(String, String)>,
    ports: [u16; 4],
    child: Option<Child>,
    folder: TempDir,
}

// === impl House ===

impl House {
    /// A fresh folder; nothing runs yet.
    ///
    /// # Errors
    /// No folder, no free ports.
    pub fn open(binary: Option<PathBuf>, smsc: u16, is_short: bool) -> Result<Self> {
        // 0755: started by root, Postgres runs as another user and must pass through.
        let folder = tempfile::Builder::new()
            .prefix("otklik-kill9-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .context("making a data folder")?;
        let [t, i, n, s, admin @ ..] = free_ports::<8>()?;
        let ports = [t, i, n, s];
        let environment = environment(ports, admin, smsc, is_short);
        Ok(Self { binary, environment, ports, child: None, folder })
    }

    /// Starts the process on the folder, whatever the one before left there.
    ///
    /// # Errors
    /// It can't be spawned.
    pub fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = match &self.binary {
            Some(binary) => Command::new(binary),
            None => Command::new(std::env::current_exe()?),
        };
        if self.binary.is_none() {
            command.arg(AS_ALL_IN_ONE);
        }
        // Nobody's settings but ours; and DATABASE_URL would make it use somebody else's Postgres.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTKLIK_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        command
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        self.child = Some(command.spawn().context("starting the all-in-one")?);
        Ok(())
    }

    /// SIGKILL. The end of the process is waited for; that of Postgres is not.
    ///
    /// # Errors
    /// The victim was not alive.
    pub async fn kill(&mut self, victim: Victim) -> Result<()> {
        if victim != Victim::Process {
            let postmaster = timeout(START, self.postmaster()).await.context("no postmaster runs")?;
            kill(postmaster, Signal::SIGKILL).context("killing the postmaster")?;
        }
        if victim != Victim::Postgres {
            let mut child = self.child.take().context("no process runs")?;
            child.start_kill().context("killing the process")?;
            let status = child.wait().await?;
            ensure!(
                status.signal() == Some(9),
                "the process had ended by itself, with {status}: {}",
                self.last_words()
            );
        }
        Ok(())
    }

    /// Ctrl-C, and the end that follows.
    ///
    /// # Errors
    /// It ends badly or not at all.
    pub async fn stop(&mut self) -> Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("no process runs")?;
        kill(Pid::from_raw(id.cast_signed()), Signal::SIGINT).context("asking for a stop")?;
        let status = timeout(START, self.ended()).await.context("Ctrl-C does not stop it")?;
        ensure!(status.success(), "it stopped with {status}: {}", self.last_words());
        Ok(())
    }

    /// The end of the process, if it comes.
    pub async fn ended(&mut self) -> ExitStatus {
        match &mut self.child {
            Some(child) => child.wait().await.expect("a child can be waited for"),
            None => std::future::pending().await,
        }
    }

    /// Waits for something that needs the process alive.
    ///
    /// # Errors
    /// It ended by itself, or `patience` did.
    pub async fn besides<T>(&mut self, patience: Duration, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            done = timeout(patience, work) => done.with_context(|| format!("nothing came of it in {} s", patience.as_secs())),
            status = self.ended() => bail!("the process ended by itself, with {status}: {}", self.last_words()),
        }
    }

    /// The services, called with a role's token as soon as that lies in the folder.
    ///
    /// # Errors
    /// It never does.
    pub async fn outside(&mut self, role: &str) -> Result<Outside> {
        let file = self.folder.path().join("data/tokens").join(role);
        let ports = self.ports;
        let look = async {
            let mut looks = interval(LOOK);
            loop {
                looks.tick().await;
                if let Ok(token) = fs::read_to_string(&file) {
                    return Outside::new(ports, &token);
                }
            }
        };
        self.besides(START, look).await?
    }

    /// The postmaster, once Postgres says of itself that it is ready.
    async fn postmaster(&self) -> Pid {
        let folder = self.folder.path().join("data/postgres");
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            if let Some(pid) = ready_postmaster(&folder) {
                return pid;
            }
        }
    }

    /// What all processes wrote.
    pub fn words(&self) -> String {
        fs::read(self.log()).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// The end of it.
    pub fn last_words(&self) -> String {
        let words = self.words();
        let lines: Vec<&str> = words.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Kills the process and leaves its folder to be looked at.
    pub fn keep(&mut self) -> PathBuf {
        self.child = None;
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("all-in-one.log")
    }
}

/// `postmaster.pid` names the process in its first line and its state in the eighth. The command line is looked at too: a killed
/// postmaster leaves its file behind, and its id may be anybody's by now.
fn ready_postmaster(folder: &Path) -> Option<Pid> {
    let record: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("cluster.json")).ok()?).ok()?;
    let data = Path::new(record.get("home")?.as_str()?).join("data");
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: i32 = file.lines().next()?.trim().parse().ok()?;
    let is_ready = file.lines().nth(7).is_some_and(|state| state.trim() == "ready");
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let is_ours = String::from_utf8_lossy(&command_line).contains(&*data.to_string_lossy());
    (is_ready && is_ours).then(|| Pid::from_raw(pid))
}

fn environment(ports: [u16; 4], admin: [u16; 4], smsc: u16, is_short: bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let port_of = |name: &str| Part::ALL.iter().position(|part| part.name() == name).map(|at| ports[at]);
    for (part, (grpc, admin)) in Part::ALL.into_iter().zip(ports.into_iter().zip(admin)) {
        let mut set =
            |key: &str, value: String| all.push((format!("OTKLIK_{}__{key}", part.name().to_uppercase()), value));
        set("GRPC__LISTEN", format!("127.0.0.1:{grpc}"));
        set("ADMIN__LISTEN", format!("127.0.0.1:{admin}"));
        for (peer, port) in part.peers().iter().filter_map(|peer| Some((peer, port_of(peer)?))) {
            set(&format!("PEERS__{}__URL", peer.to_uppercase()), format!("http://127.0.0.1:{port}"));
        }
        if is_short {
            set("RELAY__CALL_DEADLINE_MS", "3000".to_owned());
            set("RELAY__LEASE_MS", "6000".to_owned());
        }
        if part == Part::Notification {
            set("SMS__PROVIDER", "smpp".to_owned());
            set("SMPP__HOST", "127.0.0.1".to_owned());
            set("SMPP__PORT", smsc.to_string());
            set("SMPP__SYSTEM_ID", "otklik".to_owned());
            set("SMPP__SOURCE_ADDR", "Gosuslugi".to_owned());
            set("EMAIL__PROVIDER", "none".to_owned());
            if is_short {
                for lane in ["CODE", "EMERGENCY", "NORMAL", "BULK"] {
                    set(&format!("DISPATCH__LEASE__{lane}"), "8s".to_owned());
                }
            }
        }
    }
    all
}
