//! Commands and queries against a real Postgres, a fresh database for each test, the clock turned by hand.

mod access;
mod assertions;
mod claiming;
mod config;
mod escalation;
mod extensions;
mod filing;
mod journal;
mod lists;
mod migrations;
mod other_body;
mod plans;
mod policy_sets;
mod promises;
mod reads;
mod rig;
mod staff;
mod watching;
mod work;
