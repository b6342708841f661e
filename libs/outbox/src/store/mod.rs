//! All statements of the outbox. They see the tables of the schema that the connection works in.

pub(crate) mod claim;
pub(crate) mod enqueue;
pub(crate) mod list;
pub(crate) mod observe;
pub(crate) mod operate;
pub(crate) mod purge;
pub(crate) mod request_id;
pub(crate) mod settle;
