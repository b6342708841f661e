//! Tests of the suite as a whole: `contract/` the protos, `journeys/` what citizens and staff live through, `simulation/` what they may
//! live through in any order, `kill9/` what a crash leaves, `canaries/` where personal data must not be, `telemetry/` what operators see,
//! `rollout/` what k8s/ renders to, rolled under load, `load/` how fast it is. This library is what they are written with: the four
//! services in one process, stepped by hand.

#[path = "suite/mod.rs"]
mod suite;

pub use suite::{
    Access, As, Audit, Bearer, Faults, Part, Replica, Suite, SuiteOptions, forms, free_ports, other_resolutions,
};
