//! How every service starts, runs and stops.
//!
//! A service says what it is made of ([`Service`], [`Parts`]); the rest is the same for all and lies here: configuration
//! ([`config`]), telemetry ([`telemetry`]), the order of the start ([`prepare`]), the loops ([`looping`]), the drain ([`run`]),
//! the operators' port, the command line ([`main`]).
//!
//! What fails when:
//! - The database is away at the start: waited for, `lifecycle.database_wait` long. Later: requests are answered UNAVAILABLE, loops
//!   back off, `/readyz` says so, the process lives on.
//! - The schema, the key ring or the access table does not fit: the start is refused.
//! - A step fails or takes too long: it is tried again with a growing pause. A loop ends or panics: the whole service ends.

mod admin;
mod cli;
pub mod config;
mod context;
mod database;
mod keyring;
pub mod looping;
mod metrics;
mod migrate;
mod overrides;
mod peers;
mod prepare;
mod relay;
mod run;
mod service;
mod signals;
pub mod telemetry;
mod timekeeping;

pub use self::{
    cli::main,
    context::Context,
    database::patiently,
    looping::{Loop, Step, Stepped},
    metrics::Metrics,
    migrate::{migrate, role},
    overrides::{Admin, Overrides, Time},
    peers::{AroundDeliver, Peers},
    prepare::{Prepared, prepare},
    relay::relay_loops,
    run::run,
    service::{Parts, Service},
    signals::stop_by_signal,
    timekeeping::Reference,
};
