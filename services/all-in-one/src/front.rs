//! The front of the one executable: what it is depends on its first argument.
//!
//! ```text
//! otklik ticket serve --config …   the service, as it runs in production; so identity, notification, sla
//! otklik ticket migrate …          its migrations
//! otklik [--only ticket,sla …]     the whole suite for a developer; not in the image, which is built without the feature
//! ```

use std::ffi::OsString;
use std::process::ExitCode;

use bootstrap::Service;

/// The whole program. `arguments` begin with its name.
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let program = arguments.next();
    let mut rest = arguments.peekable();
    match rest.peek().and_then(|first| first.to_str()) {
        Some(<ticket::Service as Service>::NAME) => bootstrap::main::<ticket::Service>(rest),
        Some(<identity_verification::Service as Service>::NAME) => {
            bootstrap::main::<identity_verification::Service>(rest)
        }
        Some(<notification::Service as Service>::NAME) => bootstrap::main::<notification::Service>(rest),
        Some(<sla_monitor::Service as Service>::NAME) => bootstrap::main::<sla_monitor::Service>(rest),
        _ => developer(program.into_iter().chain(rest)),
    }
}

#[cfg(feature = "developer")]
fn developer(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    crate::command_line::main(arguments)
}

#[cfg(not(feature = "developer"))]
fn developer(_: impl Iterator<Item = OsString>) -> ExitCode {
    eprintln!("otklik: begin with a service: ticket, identity, notification or sla; `otklik ticket --help` tells more");
    // EX_USAGE, as bootstrap has it.
    ExitCode::from(64)
}
