//! Why a verification does not go on.

use jiff::Timestamp;

/// A refusal of the domain; `commands` give it its gRPC form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No contact for the method.
    ContactMissing,
    /// Too many codes; the next may go at that instant.
    SendLimit(Timestamp),
    /// Confirmed or failed already.
    Ended,
    /// Wrong code; that many tries are left.
    CodeWrong(i32),
    /// The living code's time is over.
    CodeExpired,
    /// The tries are used up.
    AttemptsExhausted,
    /// Not confirmed yet.
    NotConfirmed,
    /// Confirmed for something else.
    PurposeMismatch,
    /// Confirmed at a lower level.
    LevelNotReached,
}
