//! What tests of the suite lean on: the parties outside our walls, scripted, in the test's own process.

pub mod authority;
pub mod mailbox;
pub mod smsc;
