//! Starting a process that must not outlive us.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes the kernel send `signal` to the child when the *thread* that spawns it ends, so that thread must live as long
/// as the child (documented behaviour of PR_SET_PDEATHSIG). Linux only: elsewhere the child outlives a killed parent, and
/// the next owner of the folder stops it.
///
/// The child also gets a process group of its own: Ctrl-C in a terminal is for us, and Postgres must stay until we drained.
#[allow(unsafe_code)]
pub(crate) fn dies_with_thread(command: &mut Command, signal: nix::sys::signal::Signal) {
    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = nix::unistd::getpid();
        let tie = move || {
            nix::sys::prctl::set_pdeathsig(signal)?;
            // The parent may have died before the line above took effect; then nothing would ever be sent.
            if nix::unistd::getppid() == parent { Ok(()) } else { Err(nix::errno::Errno::ESRCH.into()) }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed: prctl and getppid are bare system calls,
        // the errors are made of an integer, and nothing is allocated or locked. The standard library runs this after
        // it changed uid and gid, which would have cleared the setting.
        unsafe { command.pre_exec(tie) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = signal;
}
