//! All SQL of this service, one file per table. Rows become domain values here; one that can't is [`store::Error::Corrupt`].
//!
//! Locks are taken in one order everywhere: request id or call, deadline, outbox keys; closings, cells, sums. Clocks and rungs belong to their deadline's row:
//! who changes them holds its lock, and reads them in a *later* statement than the one that locked, because a statement sees what was committed
//! before it began and the lock may have been waited for.

pub(crate) mod breach;
pub(crate) mod canary;
pub(crate) mod clock;
pub(crate) mod closing;
pub(crate) mod deadline;
pub(crate) mod drift;
pub(crate) mod due;
pub(crate) mod list;
pub(crate) mod notice;
mod parts;
pub(crate) mod rebase;
pub(crate) mod reconciliation;
pub(crate) mod rollup;
pub(crate) mod rung;

use ::store::Error;
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};

fn corrupt(column: &str) -> Error {
    Error::Corrupt(column.to_owned())
}

fn stamp(time: Option<Timestamp>) -> Option<Stamp> {
    time.map(ToSqlx::to_sqlx)
}

fn time(stamp: Option<Stamp>) -> Option<Timestamp> {
    stamp.map(Stamp::to_jiff)
}
