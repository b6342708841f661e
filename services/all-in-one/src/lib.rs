//! The four services in one process, with everything they need made on the spot: a private Postgres, roles and schemas,
//! keys, tokens. The services themselves are built and run exactly as by their own binaries.
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

mod banner;
mod command_line;
mod database;
mod fast_clock;
mod home;
mod issuer;
mod parts;
mod place;
mod ports;
mod suite;

pub use self::{
    banner::Banner,
    command_line::main,
    database::Database,
    fast_clock::{RunClock, fast_clock},
    home::Home,
    issuer::{Issuer, PEOPLE, Person},
    parts::Part,
    place::{Messages, Place},
    suite::{Options, run},
};
