//! The four services in one process, with everything they need made on the spot: a private Postgres, roles and schemas,
//! keys, tokens. The services themselves are built and run exactly as by `otklik <service> serve`.
//!
//! ```text
//!  cargo run ──► data folder ──► Postgres (DATABASE_URL, or a private cluster) ──► roles, schemas, migrations
//!                     │                                                                       │
//!                     └─► signing key, tokens, the clock's anchor ──► four services ◄─────────┘
//!                                                                          │
//!                                               banner; Ctrl-C drains, a second one ends at once
//! ```
//!
//! Failure handling: whatever can't be made stops the start with the step's name and what to do. A service that ends, ends the
//! process. Nothing of the state is in memory: a second run on the same folder continues, also after `kill -9`.

#[cfg(feature = "developer")]
mod banner;
#[cfg(feature = "developer")]
mod command_line;
#[cfg(feature = "developer")]
mod database;
#[cfg(feature = "developer")]
pub mod demo;
#[cfg(feature = "developer")]
mod fast_clock;
mod front;
#[cfg(feature = "developer")]
mod home;
#[cfg(feature = "developer")]
mod issuer;
#[cfg(feature = "developer")]
mod parts;
#[cfg(feature = "developer")]
mod place;
#[cfg(feature = "developer")]
mod ports;
#[cfg(feature = "developer")]
pub mod stepped;
#[cfg(feature = "developer")]
mod suite;

pub use self::front::main;
#[cfg(feature = "developer")]
pub use self::{
    banner::Banner,
    database::Database,
    fast_clock::{RunClock, fast_clock},
    home::Home,
    issuer::{Issuer, PEOPLE, Person},
    parts::Part,
    place::{Messages, Place},
    suite::{Options, run},
};
