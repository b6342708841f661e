//! What citizens and staff live through: real calls, a real Postgres, an SMS centre and a mail server that record what came.

mod acceptance;
mod access;
mod answers;
mod applicants;
mod escalation;
mod extension;
mod filing;
mod interleavings;
mod mending;
mod other_body;
mod outages;
mod pains;
mod policies;
mod rebase;
mod story;
mod verification;
mod waiting;
mod warnings;
mod watching;
