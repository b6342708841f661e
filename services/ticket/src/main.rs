//! The ticket service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::main::<ticket::Service>()
}
