//! The thread that owns a running Postgres: it spawns the postmaster, says when it is ready, waits for its end, and starts
//! it again when it ended unasked. It lives as long as Postgres does, because the parent-death signal is tied to it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::binaries::Installation;
use crate::pauses::Pauses;
use crate::spawn::dies_with_thread;
use crate::user::ServerUser;
use crate::wait::until;

/// Crash recovery of a big data folder takes a while; a cold start 30 to 40 ms.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long the orphans of a killed postmaster may hold its shared memory.
const ORPHANS_GONE_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
const FAILED_STARTS: u32 = 5;

/// Everything needed to start Postgres on one data folder, again and again.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) postgres: Installation,
    pub(crate) user: ServerUser,
    pub(crate) data: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
    pub(crate) settings: Vec<&'static str>,
    pub(crate) log: PathBuf,
    /// Held by us and by every Postgres process: its end tells that all of them are gone.
    pub(crate) leash: Option<OwnedFd>,
    pub(crate) restart: bool,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    /// False while another process owns the folder and this thread waits for its lock.
    owner: bool,
    /// Set while the child is not reaped, so a signal can't hit a recycled id.
    postmaster: Option<Pid>,
}

#[derive(Debug)]
pub(crate) struct Keeper {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts Postgres under `lock`, which is held until it has ended. Returns when it is ready.
    pub(crate) fn start(plan: Plan, lock: File) -> Result<Keeper> {
        let (ready, is_ready) = channel();
        let state = Arc::new(Mutex::new(State { owner: true, ..State::default() }));
        let keeper = Keeper::spawn(state, move |state| keep(&plan, &state, lock, Some(ready)))?;
        is_ready.recv().unwrap_or_else(|_| Err(anyhow!("the thread that starts Postgres panicked")))?;
        Ok(keeper)
    }

    /// Waits for `lock`, now held by the process that runs Postgres, and takes over when that ends, however it ends.
    pub(crate) fn inherit(plan: Plan, lock: File) -> Result<Keeper> {
        Keeper::spawn(Arc::default(), move |state| {
            if let Err(error) = lock.lock() {
                return eprintln!("devpg: can't wait for {}: {error}", plan.data.display());
            }
            {
                let mut state = locked(&state);
                if state.stopping {
                    return;
                }
                state.owner = true;
            }
            eprintln!("devpg: the process that ran Postgres has ended; starting it again from this one");
            keep(&plan, &state, lock, None);
        })
    }

    fn spawn(state: Arc<Mutex<State>>, run: impl FnOnce(Arc<Mutex<State>>) + Send + 'static) -> Result<Keeper> {
        let given = state.clone();
        let thread = std::thread::Builder::new().name("devpg-keeper".to_owned()).spawn(move || run(given))?;
        Ok(Keeper { state, thread: Some(thread) })
    }

    /// The postmaster's process id, while it runs under this process.
    pub(crate) fn postmaster(&self) -> Option<u32> {
        locked(&self.state).postmaster.map(|pid| pid.as_raw().unsigned_abs())
    }

    pub(crate) fn is_owner(&self) -> bool {
        locked(&self.state).owner
    }

    /// Fast stop (SIGINT): open transactions are rolled back, a checkpoint is written. Waits for the end.
    pub(crate) fn stop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        {
            let mut state = locked(&self.state);
            state.stopping = true;
            if !state.owner {
                // It waits for a lock that another process holds; it will see `stopping` and let go.
                return;
            }
        }
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
            if let Some(pid) = locked(&self.state).postmaster {
                // It fails only for a process that has just ended, which is what is wanted.
                let _ = kill(pid, signal);
            }
            if until(STOPPED_WITHIN, || thread.is_finished().then_some(())).is_some() {
                break;
            }
        }
        if thread.join().is_err() {
            eprintln!("devpg: the keeper of Postgres panicked");
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Each change is one assignment, so a panic elsewhere leaves nothing half done.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(plan: &Plan, state: &Mutex<State>, lock: File, mut ready: Option<Sender<Result<()>>>) {
    let mut failures = 0;
    let mut pauses = Pauses::default();
    loop {
        let mut born = None;
        let outcome = serve(plan, state, || {
            failures = 0;
            born = Some(Instant::now());
            if let Some(ready) = ready.take() {
                let _ = ready.send(Ok(()));
            }
        });
        if locked(state).stopping {
            break;
        }
        match outcome {
            Err(error) if ready.is_some() => {
                let _ = ready.take().map(|ready| ready.send(Err(error)));
                break;
            }
            outcome if !plan.restart => {
                eprintln!("devpg: Postgres ended: {outcome:?}");
                break;
            }
            Ok(status) => eprintln!("devpg: Postgres ended ({status}); starting it again"),
            Err(error) => {
                failures += 1;
                eprintln!("devpg: Postgres does not start: {error:#}");
                if failures == FAILED_STARTS {
                    break;
                }
            }
        }
        let life = born.map_or(Duration::ZERO, |born| born.elapsed());
        until(pauses.after(life), || locked(state).stopping.then_some(()));
    }
    drop(lock);
}

/// One life of Postgres: from its start to its end. An error when it never became ready.
fn serve(plan: &Plan, state: &Mutex<State>, on_ready: impl FnOnce()) -> Result<ExitStatus> {
    let mut told = String::new();
    let started = until(ORPHANS_GONE_WITHIN, || match begin(plan, state, &mut told) {
        Ok(None) => None,
        Ok(Some(child)) => Some(Ok(child)),
        Err(error) => Some(Err(error)),
    });
    let mut child = started.unwrap_or_else(|| Err(anyhow!("the folder stays in use: {told}")))?;
    on_ready();
    reap(&mut child, state)
}

/// Spawns and waits until ready. `None`: a killed postmaster's orphans still hold the folder, so try again.
fn begin(plan: &Plan, state: &Mutex<State>, told: &mut String) -> Result<Option<Child>> {
    clear_stale(&plan.data)?;
    clear_socket(&plan.socket, plan.port)?;
    let mut log =
        File::options().create(true).append(true).read(true).open(&plan.log).context("opening the server's log")?;
    let before = log.seek(SeekFrom::End(0))?;

    let mut command = plan.postgres.command("postgres", plan.user);
    command.arg("-D").arg(&plan.data).arg("-k").arg(&plan.socket).args(["-p", &plan.port.to_string()]);
    for setting in &plan.settings {
        command.args(["-c", setting]);
    }
    command.stderr(log.try_clone()?);
    command.stdout(match &plan.leash {
        Some(leash) => Stdio::from(leash.try_clone()?),
        None => Stdio::null(),
    });
    // SIGQUIT is the immediate stop: nothing outlives us, and the next start recovers from the log.
    dies_with_thread(&mut command, Signal::SIGQUIT);

    let mut child = {
        let mut state = locked(state);
        if state.stopping {
            bail!("stopped before it started");
        }
        let child =
            command.spawn().with_context(|| format!("starting {}", plan.postgres.bin.join("postgres").display()))?;
        state.postmaster = Some(pid_of(&child));
        child
    };
    let outcome = until(READY_WITHIN, || {
        let mut state = locked(state);
        match child.try_wait() {
            Ok(None) => is_ready(&plan.data, child.id()).then_some(None),
            ended => {
                state.postmaster = None;
                Some(Some(ended))
            }
        }
    });
    match outcome {
        Some(None) => Ok(Some(child)),
        Some(Some(ended)) => {
            log.seek(SeekFrom::Start(before))?;
            told.clear();
            log.take(16 * 1024).read_to_string(told)?;
            if told.contains("is still in use") {
                return Ok(None);
            }
            bail!("Postgres ended with {ended:?} before it was ready: {}", told.trim())
        }
        None => {
            let _ = kill(pid_of(&child), Signal::SIGKILL);
            reap(&mut child, state)?;
            bail!("Postgres was not ready within {} s; see {}", READY_WITHIN.as_secs(), plan.log.display())
        }
    }
}

fn pid_of(child: &Child) -> Pid {
    // Process ids fit: the kernel hands out i32.
    Pid::from_raw(child.id().cast_signed())
}

/// Waits for the child's end. It is reaped only under the lock that guards its id.
fn reap(child: &mut Child, state: &Mutex<State>) -> Result<ExitStatus> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::wait::{Id, WaitPidFlag, waitid};
        while waitid(Id::Pid(pid_of(child)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
            == Err(nix::errno::Errno::EINTR)
        {}
        let mut state = locked(state);
        state.postmaster = None;
        Ok(child.wait()?)
    }
    // No waitid there: the id stays set for the moment between the end and the lock.
    #[cfg(not(target_os = "linux"))]
    {
        let status = child.wait()?;
        locked(state).postmaster = None;
        Ok(status)
    }
}

/// Postgres itself writes its state into line 8 of `postmaster.pid`.
pub(crate) fn is_ready(data: &Path, postmaster: u32) -> bool {
    pid_file(data).is_some_and(|(pid, status)| pid == postmaster && status == "ready")
}

/// Whether some live postmaster serves `data`.
pub(crate) fn is_served(data: &Path) -> bool {
    pid_file(data).is_some_and(|(pid, status)| status == "ready" && serves(pid, data))
}

fn pid_file(data: &Path) -> Option<(u32, String)> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    Some((pid, text.lines().nth(7).unwrap_or_default().trim().to_owned()))
}

/// We hold the folder's lock, so a postmaster that serves it belongs to a process that is gone: it is stopped. A pid file
/// whose process is none of ours is removed, because Postgres would take any process with that id for its own.
fn clear_stale(data: &Path) -> Result<()> {
    let Some((pid, _)) = pid_file(data) else { return Ok(()) };
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        if !serves(pid, data) {
            break;
        }
        let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
        until(STOPPED_WITHIN, || (!serves(pid, data)).then_some(()));
    }
    if serves(pid, data) {
        bail!("another Postgres (process {pid}) serves {} and does not stop", data.display());
    }
    match std::fs::remove_file(data.join("postmaster.pid")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("removing a stale postmaster.pid")
        }
        _ => Ok(()),
    }
}

/// The socket's own lock file names the postmaster that was killed, and Postgres refuses to start while any process has that id,
/// be it a zombie that nobody reaped (we were killed with it). The folder is private and nobody serves the data, so it is stale.
fn clear_socket(socket: &Path, port: u16) -> Result<()> {
    match std::fs::remove_file(socket.join(format!(".s.PGSQL.{port}.lock"))) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("removing a stale socket's lock")
        }
        _ => Ok(()),
    }
}

/// Whether process `pid` is a postmaster on `data`. Its command line says so; a zombie has none.
fn serves(pid: u32, data: &Path) -> bool {
    let command_line = if cfg!(target_os = "linux") {
        std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        let ps = std::process::Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output();
        ps.map(|answer| answer.stdout).unwrap_or_default()
    };
    String::from_utf8_lossy(&command_line).contains(&*data.to_string_lossy())
}
