//! The outbox against a real Postgres and a receiver that can fail in every way. Time stands still unless a test moves it.

mod faults;
mod leases;
mod once;
mod operation;
mod order;
mod plans;
mod purge;
mod rig;
mod settling;
mod simulation;
mod trace;
