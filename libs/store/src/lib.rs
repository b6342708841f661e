//! Postgres as every service uses it: a small pool, named transactions that may be run again, errors without values,
//! the schema's version.
//!
//! ```text
//!             transaction!(db, "file_appeal", |tx| { ... })
//!
//!   begin --> body --Ok--> commit --ok--------------------------> committed, tasks waiting on `wake_on_commit` are woken
//!     ^         |             |
//!     |        Err           Err
//!     |         |             |
//!     |         v             v
//!     |      rollback    is_conflict()? --no--------------------> the error goes to the caller
//!     |         |             |
//!     +---------+-----yes-----+   serialization failure or deadlock: at most 5 runs, a jittered pause between them
//! ```
//!
//! - Isolation is READ COMMITTED: each statement sees what was committed before it began. Code that takes a row lock and reads in a
//!   *later* statement relies on exactly that; the outbox's order per key does.
//! - The body runs again from the start, so it holds nothing but statements: no RPC, no file, no message.
//! - A connection that died while it lay in the pool (Postgres was restarted) costs nobody an error: a BEGIN that fails has done
//!   nothing, so it is tried on the next connection, as often as the pool has connections.
//! - A transaction may be dropped at any point (the caller hung up, a task is aborted): it is rolled back. `PgPool::begin` does not
//!   promise that, so nothing but [`transaction!`] opens one.
//! - A COMMIT whose answer was lost has an unknown outcome. It is reported as [`Error::Unavailable`], and the caller tries again
//!   with the same request id.
//! - Nothing here prints bind values: statement logging is off, and [`Error`] keeps names and codes only, since Postgres puts
//!   values into its messages ("Key (phone)=(...) already exists").
//! - Where many callers write at once, [`GroupCommit`] lets them share a statement and its commit, on connections that are held ([`Lines`]).
//! - A transaction that belongs to a traced call or attempt has a span named after it ([`TRACE_ONLY`]).
//! - SQL never asks Postgres for the time, [`Watch`] aside, which is what the clocks are corrected by.

mod db;
mod error;
mod group;
mod keys;
mod lines;
mod metrics;
mod migrate;
mod settings;
mod tx;
mod version;
mod watch;

pub use db::Db;
pub use error::{Error, Retryable};
pub use group::GroupCommit;
pub use keys::{keys_in_use, note_key};
pub use lines::Lines;
pub use metrics::seconds_histogram;
pub use migrate::{migrate, provision};
pub use settings::{DatabaseUrl, Settings, connect};
pub use tracing::Instrument;
pub use tx::{Run, TRACE_ONLY, Tx, transaction_span};
pub use version::{NOT_NEEDED, check_schema};
pub use watch::Watch;
