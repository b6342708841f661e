//! All SQL of this service, one file per table. Rows become domain values here; one that can't is [`store::Error::Corrupt`].
//!
//! What is looked up over the whole schema, and not within one appeal (to be watched if the schema is ever split):
//! - a request id (libs/outbox), by caller and method;
//! - an appeal's number ([`appeal::find`]);
//! - the next appeal in a queue ([`queue`]);
//! - an assertion's id ([`used_assertion`]).

pub mod appeal;
mod appeal_row;
mod applicant;
pub mod event;
pub mod filing;
mod filing_row;
pub mod list;
pub mod member;
pub mod message;
pub mod promise;
pub mod queue;
pub mod suspension;
pub mod used_assertion;
pub mod verification_key;

pub use appeal::Stored;

/// A stored value that this code can't have written. Names only: the value may be personal.
fn corrupt(table: &str, column: &str) -> store::Error {
    store::Error::Corrupt(format!("{table}.{column}"))
}
