//! A private Postgres for `cargo run` and for tests: found or installed, made, started, kept running and cleared away
//! without a word typed. No production service depends on this crate.
//!
//! ```text
//!                    folder's lock is free                      killed or crashed (durable only)
//!   Cluster::durable ────────────────────► owner: initdb if new ◄──────────────────┐
//!        │                                      │ start                            │
//!        │ lock is held by a live process       ▼                                  │
//!        └──────────────► attached ───────► ready ────────────────────────────────►┘
//!                            │ the owner ended, however it ended: the lock is ours
//!                            └────────────► owner (same port, same password)
//! ```
//!
//! Who cleans up after what:
//! - our process is killed: the kernel sends SIGQUIT to Postgres (parent-death signal); a durable cluster recovers at the next
//!   start, an ephemeral one's folder is removed by its janitor, a shell that waits for the end of a pipe which
//!   every Postgres process holds;
//! - the postmaster is killed: the keeper thread starts it again (durable), after its orphans have let go of the shared memory, and
//!   more slowly each time when it ends soon again;
//! - what belongs to an ephemeral run without being Postgres's lies in a [`Folder`], which has a janitor of its own;
//! - the janitor is killed too, or the machine stops: the next ephemeral start sweeps folders whose lock nobody holds;
//! - initdb is cut off: it works in `data.new`, which is renamed only when whole.
//!
//! Postgres refuses to run as root, so root's clusters run as the user `postgres` (else `nobody`).

mod binaries;
mod cluster;
mod home;
mod initdb;
mod install;
mod keeper;
mod pauses;
mod scratch;
mod spawn;
mod testing;
mod user;
mod wait;

pub use binaries::{Installation, find};
pub use cluster::Cluster;
pub use install::install;
pub use scratch::Folder;
pub use testing::{Template, TestDatabase, test_cluster};
#[doc(hidden)]
pub use wait::until;
