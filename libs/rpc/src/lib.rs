//! The one way in and the one way out of every service: errors, callers, the server and its layers, the client.
//!
//! A call passes the layers (`layers/mod.rs` lists them in order), reaches a generated trait's one line, [`serve`], runs a command and comes
//! back as a message or a [`Refusal`]. Calls to other services leave through a [`Client`].

mod access;
pub mod auth;
mod caller;
mod client;
mod code_name;
mod details;
mod exemplar;
mod layers;
mod methods;
pub mod pages;
pub mod reasons;
mod refusal;
mod request_id;
mod roles;
mod serve;
mod server;
pub mod trace_context;
mod violations;
mod why;

pub use access::{Access, AccessError, Grant};
pub use caller::Caller;
pub use client::{
    Client, ClientConfig, ClientError, ClientMetrics, METHODS, MethodTable, PeerChannel, Policy, TableError,
};
pub use code_name::code_name;
pub use exemplar::{Exemplar, Latency};
pub use layers::{Deadline, ServerMetrics};
pub use methods::{Method, Methods};
pub use refusal::Refusal;
pub use request_id::RequestId;
pub use roles::Role;
pub use serve::{Answers, serve, serve_stream};
pub use server::{Health, MAX_MESSAGE_BYTES, Server, ServerConfig, ServerError, ServerParts, TlsConfig};
pub use violations::{Violation, Violations};
pub use why::Why;
