//! The contracts of the suite as Rust types, compiled from `proto/` without protoc.

mod durable;
mod reason;

pub use durable::DurableCall;
pub use reason::Reason;
