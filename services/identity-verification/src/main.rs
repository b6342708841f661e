//! The identity verification service's own binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::main::<identity_verification::Service>()
}
