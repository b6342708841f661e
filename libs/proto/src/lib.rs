//! The contracts of the suite as Rust types, compiled from `proto/` without protoc.
//!
//! Messages are the *wire* types: handlers convert them to domain types at once (`grpc/convert.rs` of each service).
//! `Debug` of a message prints its name and nothing else, because contents are personal data (X1).

mod durable;
mod reason;
mod times;

/// Generated code; its doc comments are the contracts' own.
#[allow(clippy::all, clippy::pedantic, missing_debug_implementations)]
mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

#[allow(clippy::all)]
mod shared {
    include!(concat!(env!("OUT_DIR"), "/shared.rs"));
}

pub use durable::DurableCall;
pub use packages::google::r#type::Date;
pub use packages::otklik::{identity, notification, outbox, sla, ticket};
pub use reason::Reason;
pub use times::{from_wire, to_wire};

/// Every contract with its comments, as reflection serves it and the contract tests walk it.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
