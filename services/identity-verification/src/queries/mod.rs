//! What is only read: one file per query.

pub(crate) mod get_citizen;
pub(crate) mod get_verification_keys;
