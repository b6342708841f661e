//! The notification service's own binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::main::<notification::Service>()
}
