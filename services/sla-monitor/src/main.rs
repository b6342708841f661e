//! The SLA monitor's own binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bootstrap::main::<sla_monitor::Service>()
}
