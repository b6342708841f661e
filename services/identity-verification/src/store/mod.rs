//! All SQL of this service, one file per table. Rows become domain values here; one that can't is [`store::Error::Corrupt`].

pub(crate) mod citizen;
pub(crate) mod code_send;
pub(crate) mod notice_outcome;
pub(crate) mod verification;
