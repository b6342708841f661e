//! The one way in and the one way out of every service: errors, callers, the server and its layers, the client.

mod caller;
mod details;
pub mod reasons;
mod refusal;
mod request_id;
mod roles;
mod serve;
mod violations;
mod why;

pub use caller::Caller;
pub use refusal::Refusal;
pub use request_id::RequestId;
pub use roles::Role;
pub use serve::serve;
pub use violations::{Violation, Violations};
pub use why::Why;
