//! The wire side: the generated traits ([`service`]) and the conversions ([`convert`]). Nothing is decided here.

pub mod convert;
mod service;

pub use service::{Staff, Tickets};

#[cfg(test)]
mod tests;
