//! Calls over real sockets: what every service's callers see, whatever the service.

mod access;
mod admission;
mod age;
mod client;
mod deadlines;
mod drain;
mod open;
mod pages;
mod refusals;
mod request_ids;
mod rig;
mod tables;
mod tls;
mod tokens;
