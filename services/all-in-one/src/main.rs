//! The one executable: `otklik ticket serve` in production, `cargo run` for the whole suite on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    all_in_one::main(std::env::args_os())
}
