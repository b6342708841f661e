//! What changes something: one file per command, the whole route on one screen.

pub(crate) mod send_notification;
pub(crate) mod upsert_recipient;
