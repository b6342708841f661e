//! What a notification is and how it ends: pure, with the time given.
//!
//! ```text
//!  delivery:      QUEUED <----- refused for now, or no answer (labelled possibly doubled) ------+
//!                   | claimed: lease, token                                                     |
//!                   v                                                                           |
//!                 SENDING --- provider took it ---> ACCEPTED --- receipts of all parts ---> DELIVERED
//!                   |  \___ refused for good ________  |________ a part lost ____________> FAILED
//!                   |_____ its time passed _______________________________________________> EXPIRED
//!                   |_____ something newer made it untrue (an overdue repeat after the resolution: the manifests say what) -> DROPPED
//!  no address for the channel: SKIPPED from the start.
//!  no answer a second time: FAILED, UNKNOWN_OUTCOME. It is not repeated any more.
//!  FAILED or EXPIRED by a receipt: a later receipt may still say DELIVERED, for a network says "gave up" too early at times.
//!
//!  notification:  the best of its deliveries; it never falls back (N-04).
//! ```

mod aggregate;
mod mask;
mod notification;
mod retry;
mod states;
mod variables;

pub(crate) use self::{
    aggregate::aggregate,
    mask::masked,
    notification::{Contact, NewDelivery, Notification, Recipient, Unknown},
    retry::{DOUBTS_MOST, Retries},
    states::{DeliveryState, NotificationState, channel_from, channel_text, lane_from, lane_text},
    variables::{from_json, hide_codes, to_json},
};
