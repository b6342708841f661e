//! Everything against a real Postgres, a fresh database for each test.

mod lines;
mod rig;
mod schema;
mod transactions;
