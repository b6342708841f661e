//! How every service starts, runs and stops.

mod admin;
pub mod config;
mod context;
pub mod looping;
mod metrics;
mod service;
pub mod telemetry;
mod timekeeping;

pub use self::{
    admin::{Probe, Readiness},
    context::Context,
    looping::{Loop, Step, Stepped},
    metrics::Metrics,
    service::{Parts, Service},
    timekeeping::Reference,
};
