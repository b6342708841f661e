//! What is only read: one file per query.

pub(crate) mod get_notification;
pub(crate) mod list_notifications;
