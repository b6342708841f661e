//! Wire to domain and back.
//!
//! In: every function reads one request whole and names *all* of its faults by dotted path, or gives what the command needs.
//! Out: what the caller may see ([`Audience`]), which is decided here once and not in each command.

mod allowance;
mod appeal_view;
mod audience;
mod event_view;
mod file_appeal;
mod form;
mod kinds;
mod names;
mod notes;
mod pages;
mod policy_set;
mod refusal;
mod requests;
mod staff;

pub use allowance::allowance_to_wire;
pub use appeal_view::{appeal_view, draft_view, message_view};
pub use audience::Audience;
pub use event_view::{event_view, rebased};
pub use file_appeal::file_appeal;
pub use names::{find_appeal, get_appeal};
pub use notes::{record_deadline, record_notice};
pub use pages::{Page, list_appeals, list_events, list_messages, watch_appeal};
pub use policy_set::{policy_set, policy_set_exists};
pub use refusal::{appeal_not_found, member_exists, member_not_found, not_yours, refuse};
pub use requests::{
    Asked, acknowledge, ask_other_body, assign, claim_next, escalate, extend, post_message, provide_info, rebase,
    record_other_body_answer, reopen, request_info, resolve, retell, withdraw,
};
pub use staff::{create_member, get_member, list_members, member_view, set_duty, update_member};

#[cfg(test)]
mod tests;
