//! The conversation of an appeal (T10).

use jiff::Timestamp;

use super::kinds::{Channel, ids};
use person::Text;

ids! {
    /// Who speaks.
    Author {
        /// The applicant, or who files for them.
        Applicant = "applicant",
        /// A member of staff.
        Staff = "staff",
        /// Another system; never a first answer.
        System = "system",
    }
}

ids! {
    /// Who may read a message.
    Visibility {
        /// The applicant and staff.
        Public = "public",
        /// Staff only: a note; never a first answer (peers T-03).
        Internal = "internal",
    }
}

/// A message without its text: what a decision says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageMeta {
    /// From 1 without gaps within its appeal.
    pub number: i64,
    /// Who speaks.
    pub author: Author,
    /// Id of the member of staff who speaks.
    pub member: Option<String>,
    /// Who may read it.
    pub visibility: Visibility,
    /// By which channel it came or went.
    pub channel: Channel,
    /// When it was posted.
    pub create_time: Timestamp,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Everything but the text.
    pub meta: MessageMeta,
    /// The text.
    pub text: Text,
}
